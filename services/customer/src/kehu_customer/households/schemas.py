"""Households on the wire."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.households.models import Household, HouseholdMember, Relation
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, Patch, Text


class HouseholdCreate(Input):
    """A new household; members join it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "张敏一家"}]})

    name: Text = Field(description="Name.")


class HouseholdUpdate(Patch):
    """Changes to a household."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "张敏一家"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Text | None = Field(None, description="Name.")


class HouseholdJoining(Input):
    """A person becomes a member: a customer that is a person, or a contact."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"customer_id": "019364c2-7d5e-7000-8000-000000000020", "relation": "spouse"}
            ]
        }
    )

    customer_id: UUID | None = Field(None, description="The customer who joins, or:")
    contact_id: UUID | None = Field(None, description="The contact who joins.")
    relation: Relation = Field(description="What the person is in the household.")
    on: Day | None = Field(None, description="First day; today if omitted, never in the future.")


class HouseholdLeaving(Input):
    """A person is no member any more."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"contact_id": "019364c2-7d5e-7000-8000-000000000030"}]}
    )

    customer_id: UUID | None = Field(None, description="The customer who leaves, or:")
    contact_id: UUID | None = Field(None, description="The contact who leaves.")
    on: Day | None = Field(
        None, description="First day without; today if omitted, never in the future."
    )


class HouseholdMemberRead(BaseModel):
    """A member of a household."""

    customer_id: UUID | None = Field(description="The customer, if the person is one.")
    contact_id: UUID | None = Field(description="The contact, if the person is one.")
    relation: Relation = Field(description="What the person is in the household.")
    joined_on: date = Field(description="First day.")


class HouseholdRead(BaseModel):
    """A household as it stands."""

    id: UUID = Field(description="The household's id.")
    version: int = Field(description="Counts the changes, also of members; also the ETag.")
    name: str = Field(description="Name.")
    members: list[HouseholdMemberRead] = Field(description="Who belongs to it now.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, household: Household, members: list[HouseholdMember]) -> Self:
        """Return the household as the API shows it."""
        names = HouseholdMemberRead.model_fields
        shown = [HouseholdMemberRead(**{n: getattr(one, n) for n in names}) for one in members]
        fields = {n: getattr(household, n) for n in cls.model_fields if n != "members"}
        return cls(**fields, members=shown)


class HouseholdFilters(PageParams):
    """Filters of the household list; all must match."""

    customer_id: UUID | None = Field(None, description="To which this customer belongs.")
    contact_id: UUID | None = Field(None, description="To which this contact belongs.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["name", "-name"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
