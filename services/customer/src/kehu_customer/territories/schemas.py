"""Territories on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.territories.models import Territory
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Patch, Text, shown


class TerritoryCreate(Input):
    """A new territory."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "EAST", "name": "华东区"}]})

    code: Text = Field(description="Code, unique.")
    name: Text = Field(description="Name.")


class TerritoryUpdate(Patch):
    """Changes to a territory; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "华东大区"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name"})

    code: Text | None = Field(None, description="Code, unique.")
    name: Text | None = Field(None, description="Name.")


class TerritoryRead(BaseModel):
    """A territory as it stands."""

    id: UUID = Field(description="The territory's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Code, unique.")
    name: str = Field(description="Name.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, territory: Territory) -> Self:
        """Return the territory as the API shows it."""
        return shown(cls, territory)


class TerritoryFilters(PageParams):
    """Filters of the territory list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["code", "-code", "name", "-name"] = Field(
        "code", description="Order; a leading minus reverses it."
    )
