"""Segments on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_customer.classification_schemes.rules import Code
from kehu_customer.segments.models import (
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentReason,
    SegmentRun,
    SegmentState,
)
from kehu_customer.segments.rules import Condition
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, LongText, Patch, Text, Whole, shown

SILENT_CUSTOMERS: JsonValue = {
    "test": "all",
    "of": [
        {"test": "one_of", "fact": "state", "values": ["trade"]},
        {
            "test": "any",
            "of": [
                {"test": "known", "fact": "last_contact_on", "known": False},
                {"test": "days_ago", "fact": "last_contact_on", "at_least": 90, "below": None},
            ],
        },
    ],
}
RULE = "The rule: a tree of conditions. What it means is decided anew whenever a customer changes."


class SegmentCreate(Input):
    """A new segment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "silent",
                    "name_zh": "沉默客户",
                    "name_en": "Silent customers",
                    "kind": "dynamic",
                    "rule": SILENT_CUSTOMERS,
                }
            ]
        }
    )

    code: Code = Field(description="Code, unique.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    description: LongText | None = Field(None, description="What it is for.")
    kind: SegmentKind = Field(description="Dynamic: kept by a rule; static: a list, kept by hand.")
    rule: Condition | None = Field(None, description=RULE)


class SegmentUpdate(Patch):
    """Changes to a segment; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": SILENT_CUSTOMERS}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name_zh", "name_en", "rule"})

    code: Code | None = Field(None, description="Code, unique.")
    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    description: LongText | None = Field(None, description="What it is for.")
    rule: Condition | None = Field(None, description=RULE)


class SegmentRead(BaseModel):
    """A segment as it stands."""

    id: UUID = Field(description="The segment's id.")
    version: int = Field(description="Counts the changes of its definition; also the ETag.")
    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    description: str | None = Field(description="What it is for.")
    kind: SegmentKind = Field(description="Kept by a rule, or by hand.")
    rule: Condition | None = Field(description=RULE)
    rule_version: int = Field(description="Counts its rules; 0 for a list.")
    reads: list[str] = Field(description="Facts the rule looks at; `custom` are all custom fields.")
    state: SegmentState = Field(description="In use, or archived.")
    computing: bool = Field(description="Whether the present rule still has customers to look at.")
    looked_at: int = Field(description="Customers the present rule has looked at from the start.")
    size: int = Field(description="Members, as far as the caller may see them.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, segment: Segment, run: SegmentRun | None, size: int) -> Self:
        """Return the segment as the API shows it."""
        return shown(
            cls,
            segment,
            computing=run is not None and not run.complete,
            looked_at=run.looked_at if run else 0,
            size=size,
        )


class SegmentFilters(PageParams):
    """Filters of the list of segments; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    kind: SegmentKind | None = Field(None, description="Kept by a rule, or by hand.")
    state: SegmentState | None = Field(None, description="In use, or archived.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )


class SegmentDefaults(BaseModel):
    """What became of the segments of the texts."""

    installed: list[str] = Field(description="Codes of those that were set up.")
    kept: list[str] = Field(description="Codes that were there; those segments stay as they are.")


class PreviewAsked(Input):
    """A rule to be tried."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rule": SILENT_CUSTOMERS, "sample": 5}]}
    )

    rule: Condition = Field(description=RULE)
    sample: Whole = Field(10, ge=0, le=50, description="How many of the customers to show.")


class PreviewedCustomer(BaseModel):
    """One of the customers that a rule means."""

    id: UUID = Field(description="The customer.")
    name: str = Field(description="Name in full.")


class Preview(BaseModel):
    """Whom a rule means now, among those the caller may see."""

    size: int = Field(description="How many customers.")
    more: bool = Field(description="True: there are more than `size`, which were not counted.")
    sample: list[PreviewedCustomer] = Field(description="Some of them, the oldest records first.")


class ListChange(Input):
    """Customers to put on a list, or to take off it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_ids": ["019364c2-7d5e-7000-8000-000000000020"]}]}
    )

    customer_ids: list[UUID] = Field(min_length=1, max_length=500, description="The customers.")


class ListChanged(BaseModel):
    """What became of a change of a list."""

    changed: list[UUID] = Field(description="Customers that entered, or left.")
    unchanged: list[UUID] = Field(description="Customers that were on it already, or not on it.")


class MemberRead(BaseModel):
    """A customer in a segment."""

    customer_id: UUID = Field(description="The customer.")
    reason: SegmentReason = Field(description="Why it entered: change, rule, hand or merge.")
    entered_at: datetime = Field(description="Since when it is a member.")

    @classmethod
    def of(cls, member: SegmentMember) -> Self:
        """Return the member as the API shows it."""
        return shown(cls, member)


class MemberFilters(PageParams):
    """How members are listed."""

    sort: Literal["entered_at", "-entered_at"] = Field(
        "entered_at", description="Order; a leading minus reverses it."
    )


class SegmentOfCustomer(BaseModel):
    """A segment that a customer is in."""

    segment_id: UUID = Field(description="The segment.")
    code: str = Field(description="Its code.")
    name_zh: str = Field(description="Its name in Chinese.")
    name_en: str = Field(description="Its name in English.")
    kind: SegmentKind = Field(description="Kept by a rule, or by hand.")
    reason: SegmentReason = Field(description="Why the customer entered.")
    entered_at: datetime = Field(description="Since when the customer is a member.")


class SegmentsOfCustomer(BaseModel):
    """Every segment that a customer is in."""

    items: list[SegmentOfCustomer] = Field(description="The segments, by code.")
