"""Departments on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.departments.models import Department
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Patch, Text, shown


class DepartmentCreate(Input):
    """A new department."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "SALES", "name": "销售部", "parent_id": None}]}
    )

    code: Text = Field(description="Code, unique.")
    name: Text = Field(description="Name.")
    parent_id: UUID | None = Field(None, description="The department above; null for a root.")


class DepartmentUpdate(Patch):
    """Changes to a department; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "大客户销售部"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name"})

    code: Text | None = Field(None, description="Code, unique.")
    name: Text | None = Field(None, description="Name.")
    parent_id: UUID | None = Field(
        None, description="The department above; the whole branch moves. Null makes it a root."
    )


class DepartmentRead(BaseModel):
    """A department as it stands."""

    id: UUID = Field(description="The department's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Code, unique.")
    name: str = Field(description="Name.")
    parent_id: UUID | None = Field(description="The department above; null for a root.")
    path: list[UUID] = Field(description="Ids from the root down to the department itself.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, department: Department) -> Self:
        """Return the department as the API shows it."""
        return shown(cls, department)


class DepartmentFilters(PageParams):
    """Filters of the department list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    parent_id: UUID | None = Field(None, description="Directly below this department.")
    under: UUID | None = Field(None, description="This department and everything below it.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["code", "-code", "name", "-name"] = Field(
        "code", description="Order; a leading minus reverses it."
    )
