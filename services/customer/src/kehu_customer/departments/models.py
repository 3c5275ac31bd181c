"""The department, and its place in the tree (feature row C4)."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kehu_customer.db import Base
from kehu_customer.departments.errors import DepartmentCycle
from kehu_kernel.columns import Aggregate


class Department(Aggregate, Base):
    """A part of our own company.

    `path` holds the ids from the root down to the department itself, so that a department and all
    below it are one condition. There are a few hundred at most, so the path needs no index (and
    row-level security would not let one be used: array containment is not leak-proof).
    """

    label_zh = "部门"
    __tablename__ = "departments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        ForeignKeyConstraint(
            ["tenant_id", "parent_id"], ["departments.tenant_id", "departments.id"]
        ),
        Index("ix_departments_name", "tenant_id", "name", "id"),
        Index("ix_departments_parent", "tenant_id", "parent_id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[UUID | None]
    path: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))

    def place(self, parent: "Department | None") -> None:
        """Put the department below another one, or (None) at the root.

        Raises `DepartmentCycle`. The departments below must follow.
        """
        above = [] if parent is None else parent.path
        if self.id in above:
            raise DepartmentCycle(name=self.name)
        self.parent_id = None if parent is None else parent.id
        self.path = [*above, self.id]

    def follow(self, moved: "Department") -> None:
        """Compute the path anew after a department above got a new place."""
        below = self.path[self.path.index(moved.id) + 1 :]
        self.path = [*moved.path, *below]
