"""The local copies of departments, employees and territories (C4)."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from kehu_kernel.copies import Copy
from kehu_sales.db import Base


class DepartmentRef(Copy, Base):
    """A department, and the one above it."""

    __tablename__ = "department_refs"
    __table_args__ = (Index("ix_department_refs_parent", "tenant_id", "parent_id"),)

    code: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[UUID | None]


class EmployeeRef(Copy, Base):
    """An employee, with whom to ask for approval and which territory to serve."""

    __tablename__ = "employee_refs"
    __table_args__ = (Index("ix_employee_refs_department", "tenant_id", "department_id"),)

    code: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[UUID]
    manager_id: Mapped[UUID | None]
    territory_id: Mapped[UUID | None]
    active: Mapped[bool]


class TerritoryRef(Copy, Base):
    """A sales territory."""

    __tablename__ = "territory_refs"

    code: Mapped[str]
    name: Mapped[str]
