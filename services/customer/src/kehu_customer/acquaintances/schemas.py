"""Acquaintances on the wire."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.acquaintances.models import Acquaintance
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, Whole, shown

LEVELS = "1 has met, 2 knows, 3 knows well, 4 close friend or family."
Level = Annotated[Whole, Field(ge=1, le=4)]


class AcquaintanceCreate(Input):
    """One of us knows a contact."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "employee_id": "019364c2-7d5e-7000-8000-000000000001",
                    "contact_id": "019364c2-7d5e-7000-8000-000000000030",
                    "closeness": 3,
                    "how": "大学同学",
                    "met_on": "2004-09-01",
                }
            ]
        },
    )

    employee_id: UUID = Field(description="Who of us.")
    contact_id: UUID = Field(description="Whom.")
    closeness: Level = Field(description=f"How well: {LEVELS}")
    how: Text | None = Field(None, description="How they know each other.")
    met_on: Day | None = Field(None, description="Day they met, never in the future.")


class AcquaintanceUpdate(Patch):
    """Changes to an acquaintance; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"closeness": 4}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"closeness", "active"})

    closeness: Level | None = Field(None, description=f"How well: {LEVELS}")
    how: Text | None = Field(None, description="How they know each other.")
    met_on: Day | None = Field(None, description="Day they met, never in the future.")
    active: Flag | None = Field(None, description="False if it is over or was entered in error.")


class AcquaintanceRead(BaseModel):
    """An acquaintance as it stands."""

    id: UUID = Field(description="The acquaintance's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    employee_id: UUID = Field(description="Who of us.")
    contact_id: UUID = Field(description="Whom.")
    closeness: int = Field(description=f"How well: {LEVELS}")
    how: str | None = Field(description="How they know each other.")
    met_on: date | None = Field(description="Day they met.")
    active: bool = Field(description="False if it is over or was entered in error.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, acquaintance: Acquaintance) -> Self:
        """Return the acquaintance as the API shows it."""
        return shown(cls, acquaintance)


class AcquaintanceFilters(PageParams):
    """Filters of the list of acquaintances; all must match."""

    customer_id: UUID | None = Field(
        None, description="With people who are affiliated with this customer now."
    )
    contact_id: UUID | None = Field(None, description="With this person.")
    employee_id: UUID | None = Field(None, description="Of this employee.")
    at_least: int | None = Field(None, ge=1, le=4, description="Known at least this well.")
    active: bool = Field(True, description="Those that hold, or those that are over.")
    former_employees: bool = Field(
        False, description="Also those of employees who do not work here any more."
    )
    sort: Literal["closeness", "-closeness"] = Field(
        "-closeness", description="Order; a leading minus reverses it."
    )
