"""The employee (feature row C4)."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.employees.errors import EmployeeHasLeft, EmployeeOwnsCustomers
from kehu_kernel.columns import Aggregate


class Employee(Aggregate, Base):
    """One of our own people. Who has left stays on record, because history names them.

    `subject` is the login: the `sub` of the tokens the employee comes with.
    """

    label_zh = "员工"
    __tablename__ = "employees"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        UniqueConstraint("tenant_id", "subject"),
        ForeignKeyConstraint(
            ["tenant_id", "department_id"], ["departments.tenant_id", "departments.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "manager_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "territory_id"], ["territories.tenant_id", "territories.id"]
        ),
        Index("ix_employees_name", "tenant_id", "name", "id"),
        Index("ix_employees_department", "tenant_id", "department_id", "code", "id"),
        Index("ix_employees_manager", "tenant_id", "manager_id"),
        Index("ix_employees_territory", "tenant_id", "territory_id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[UUID]
    manager_id: Mapped[UUID | None]
    territory_id: Mapped[UUID | None]
    subject: Mapped[str | None]
    active: Mapped[bool]
    left_on: Mapped[date | None]
    leave_reason: Mapped[str | None]

    def require_active(self) -> None:
        """Raise `EmployeeHasLeft` if the employee does not work here any more."""
        if not self.active:
            raise EmployeeHasLeft(name=self.name)

    def leave(self, on: date, reason: str, *, customers: int) -> None:
        """Record that the employee leaves; the login is free again (C4).

        `customers` counts those the employee still looks after: they must be handed over before,
        or nobody would look after them. Raises `EmployeeHasLeft`, `EmployeeOwnsCustomers`.
        """
        self.require_active()
        if customers:
            raise EmployeeOwnsCustomers(
                name=self.name, count=customers, extra={"customer_count": customers}
            )
        self.active, self.left_on, self.leave_reason = False, on, reason
        self.subject = None
