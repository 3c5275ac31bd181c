"""Employees on the wire."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.employees.models import Employee
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, Patch, Text, shown


class EmployeeCreate(Input):
    """A new employee."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "E-0042",
                    "name": "王芳",
                    "department_id": "019364c2-7d5e-7000-8000-000000000010",
                    "subject": "wang.fang",
                }
            ]
        },
    )

    code: Text = Field(description="Staff code, unique.")
    name: Text = Field(description="Name.")
    department_id: UUID = Field(description="The department the employee works in.")
    manager_id: UUID | None = Field(None, description="The employee who manages this one.")
    territory_id: UUID | None = Field(None, description="The territory the employee covers.")
    subject: Text | None = Field(None, description="Login: subject of the tokens, unique if given.")


class EmployeeUpdate(Patch):
    """Changes to an employee; fields left out stay. Leaving has its own command."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "王芳芳"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name", "department_id"})

    code: Text | None = Field(None, description="Staff code, unique.")
    name: Text | None = Field(None, description="Name.")
    department_id: UUID | None = Field(None, description="The department the employee works in.")
    manager_id: UUID | None = Field(None, description="The manager; null removes it.")
    territory_id: UUID | None = Field(None, description="The territory; null removes it.")
    subject: Text | None = Field(None, description="Login; null removes it.")


class EmployeeLeaving(Input):
    """An employee leaves the company."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "退休"}]})

    reason: Text = Field(description="Why the employee leaves.")
    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class EmployeeRead(BaseModel):
    """An employee as the record stands."""

    id: UUID = Field(description="The employee's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Staff code, unique.")
    name: str = Field(description="Name.")
    department_id: UUID = Field(description="The department the employee works in.")
    manager_id: UUID | None = Field(description="The employee who manages this one.")
    territory_id: UUID | None = Field(description="The territory the employee covers.")
    subject: str | None = Field(description="Login: subject of the tokens.")
    active: bool = Field(description="Whether the employee still works here.")
    left_on: date | None = Field(description="Business day the employee left.")
    leave_reason: str | None = Field(description="Why the employee left.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, employee: Employee) -> Self:
        """Return the employee as the API shows it."""
        return shown(cls, employee)


class EmployeeFilters(PageParams):
    """Filters of the employee list; all must match."""

    code: str | None = Field(None, description="With exactly this staff code.")
    subject: str | None = Field(None, description="With exactly this login.")
    department_id: UUID | None = Field(None, description="Works in exactly this department.")
    under: UUID | None = Field(None, description="Works in this department or one below it.")
    manager_id: UUID | None = Field(None, description="Managed directly by this employee.")
    territory_id: UUID | None = Field(None, description="Covers this territory.")
    active: bool | None = Field(None, description="Whether the employee still works here.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["code", "-code", "name", "-name"] = Field(
        "code", description="Order; a leading minus reverses it."
    )
