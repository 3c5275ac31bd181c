"""The target: what is to be won by a person or a department in a period (S12; peers 3B)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_contracts.money import Money
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.targets.errors import TargetWithdrawn


class Target(Aggregate, Base):
    """An amount to be won, by an employee or by a department with all departments below it.

    A month, a quarter and a year may each have one: they are set, and measured, apart.
    """

    label_zh = "销售目标"
    __tablename__ = "targets"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "period",
            "employee_id",
            "department_id",
            "currency",
            name="uq_targets_one",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_targets_starts_on", "tenant_id", "starts_on", "id"),
    )

    period: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    employee_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    note: Mapped[str | None]
    active: Mapped[bool]

    @property
    def sum(self) -> Money:
        """What is to be won, with its currency."""
        return Money(amount=self.amount, currency=self.currency)

    def aim(self, amount: Decimal) -> None:
        """Set the amount anew; one that was withdrawn is pursued again."""
        self.amount, self.active = amount, True

    def require_active(self) -> None:
        """Raise `TargetWithdrawn` if it is not pursued any more."""
        if not self.active:
            raise TargetWithdrawn(period=self.period)

    def withdraw(self) -> None:
        """Pursue it no more; it stays on record. Raises `TargetWithdrawn`."""
        self.require_active()
        self.active = False
