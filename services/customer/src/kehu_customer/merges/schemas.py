"""Merges on the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_customer.customers.schemas import CustomerRead
from kehu_customer.merges.models import Merge, MergeState
from kehu_customer.merges.survivorship import Field as Surviving
from kehu_customer.merges.survivorship import SurvivorshipRule
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Text, shown

ID = "019364c2-7d5e-7000-8000-00000000000"


def _in_order(ids: list[UUID]) -> list[UUID]:
    return sorted(set(ids))


Ids = Annotated[list[UUID], Field(min_length=1, max_length=20), AfterValidator(_in_order)]


class MergeCreate(Input):
    """Records to be merged into one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "survivor_id": f"{ID}1",
                    "merged_ids": [f"{ID}2", f"{ID}3"],
                    "fields": {"industry": f"{ID}2"},
                    "reason": "重复建档",
                    "dry_run": True,
                }
            ]
        }
    )

    survivor_id: UUID = Field(description="The record that stays.")
    merged_ids: Ids = Field(description="The records that become part of it.")
    rule: SurvivorshipRule = Field(
        SurvivorshipRule.SURVIVOR_FIRST,
        description="Which record a field comes from: the survivor's where it has a value, else "
        "the one that changed last; or always the one that changed last.",
    )
    fields: dict[Surviving, UUID] = Field(
        default_factory=dict, description="Which record a field comes from, where not by the rule."
    )
    custom: dict[str, UUID] = Field(
        default_factory=dict, max_length=200, description="The same for custom fields by code."
    )
    reason: Text | None = Field(None, description="Why they are one.")
    dry_run: Flag = Field(False, description="Only show what would come of it.")


class MergeUndoing(Input):
    """They are not one customer after all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "两家独立法人"}]})

    reason: Text | None = Field(None, description="Why they are not.")


class MergeRead(BaseModel):
    """A merge."""

    id: UUID | None = Field(description="The merge's id; null for a dry run.")
    version: int = Field(description="Counts the changes; also the ETag. 0 for a dry run.")
    state: MergeState = Field(description="Whether it holds.")
    survivor_id: UUID = Field(description="The record that stays.")
    merged_ids: list[UUID] = Field(description="The records that became part of it.")
    reason: str | None = Field(description="Why they are one.")
    undone_at: datetime | None = Field(description="When it was undone.")
    undo_reason: str | None = Field(description="Why it was undone.")
    created_at: datetime = Field(description="When they were merged.")

    @classmethod
    def of(cls, merge: Merge) -> Self:
        """Return the merge as the API shows it."""
        return shown(cls, merge)


class MergeResult(MergeRead):
    """A merge that was made, previewed or undone, and what came of it."""

    survivor: CustomerRead = Field(description="The survivor as it is, or would be, afterwards.")
    moved: dict[str, int] = Field(description="How many rows of each kind were changed.")
    left: list[UUID] = Field(description="Undoing: what went on since and so was left where it is.")


class MergeFilters(PageParams):
    """Filters of the merge list; all must match."""

    survivor_id: UUID | None = Field(None, description="Into this record.")
    state: MergeState | None = Field(None, description="Merged or undone.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
