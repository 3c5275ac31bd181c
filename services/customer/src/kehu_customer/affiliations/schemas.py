"""Affiliations on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.affiliations.models import Affiliation
from kehu_customer.contacts.models import BuyingRole
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, Patch, Text, shown


class AffiliationCreate(Input):
    """An affiliation beside the main one, with another customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "contact_id": "019364c2-7d5e-7000-8000-000000000030",
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "title": "独立董事",
                    "started_on": "2026-03-01",
                }
            ]
        },
    )

    contact_id: UUID = Field(description="The person.")
    customer_id: UUID = Field(description="The customer.")
    title: Text | None = Field(None, description="Position there.")
    department: Text | None = Field(None, description="Department there.")
    buying_role: BuyingRole | None = Field(None, description="Part played in its purchases.")
    started_on: Day | None = Field(
        None, description="First day; today if omitted, never in the future."
    )


class AffiliationUpdate(Patch):
    """Changes to an affiliation beside the main one; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "董事长"}]})

    title: Text | None = Field(None, description="Position there.")
    department: Text | None = Field(None, description="Department there.")
    buying_role: BuyingRole | None = Field(None, description="Part played in its purchases.")


class AffiliationEnding(Input):
    """End an affiliation beside the main one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "任期届满"}]})

    on: Day | None = Field(
        None, description="First day not there any more; today if omitted, never in the future."
    )
    reason: Text | None = Field(None, description="Why it ends.")


class AffiliationRead(BaseModel):
    """An affiliation as it stands."""

    id: UUID = Field(description="The affiliation's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    contact_id: UUID = Field(description="The person.")
    customer_id: UUID = Field(description="The customer.")
    is_main: bool = Field(description="Whether it is, or was, the main one.")
    title: str | None = Field(description="Position there, at the end if it has ended.")
    department: str | None = Field(description="Department there.")
    buying_role: BuyingRole | None = Field(description="Part played in its purchases.")
    started_on: date = Field(description="First day.")
    ended_on: date | None = Field(description="First day not there any more; null: still there.")
    end_reason: str | None = Field(description="Why it ended.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, affiliation: Affiliation) -> Self:
        """Return the affiliation as the API shows it."""
        return shown(cls, affiliation)


class AffiliationFilters(PageParams):
    """Filters of the list of affiliations; all must match."""

    contact_id: UUID | None = Field(None, description="Of this person.")
    customer_id: UUID | None = Field(None, description="With this customer.")
    buying_role: BuyingRole | None = Field(None, description="With this part in a purchase.")
    is_main: bool | None = Field(None, description="Main ones, or the others.")
    current: bool | None = Field(None, description="Those that last, or those that have ended.")
    on: Day | None = Field(None, description="Those that lasted on this day.")
    sort: Literal["started_on", "-started_on"] = Field(
        "-started_on", description="Order; a leading minus reverses it."
    )
