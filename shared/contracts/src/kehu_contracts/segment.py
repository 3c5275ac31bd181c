"""Segments of the customer service: groups of customers, who enters them and who leaves."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event, Timestamp


class SegmentState(Event):
    """A segment after the change; it tells neither rule nor members."""

    key: ClassVar[str] = "segment_id"

    segment_id: UUID = Field(description="The segment.")
    code: str = Field(description="Code, unique for the tenant.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    kind: str = Field(description="Dynamic: kept by a rule; static: a list, kept by hand.")
    state: str = Field(description="Active or archived.")
    rule_version: int = Field(description="Counts its rules; 0 for a list.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class SegmentCreated(SegmentState):
    """A segment was set up; the customers that its rule finds enter it afterwards."""

    type: ClassVar[str] = "customer.segment-created.v1"


class SegmentChanged(SegmentState):
    """A segment was changed; after a new rule customers enter and leave."""

    type: ClassVar[str] = "customer.segment-changed.v1"


class SegmentArchived(SegmentState):
    """A segment is not used any more: its members stay as they are, nobody enters or leaves."""

    type: ClassVar[str] = "customer.segment-archived.v1"


class MembershipState(Event):
    """A customer and a segment, after the customer entered or left it.

    The sequence counts how often the customer entered and left this segment.
    """

    key: ClassVar[str] = "membership_id"

    membership_id: UUID = Field(description="Stays the same whenever the customer comes back.")
    segment_id: UUID = Field(description="The segment.")
    segment_code: str = Field(description="Code of the segment.")
    name_zh: str = Field(description="Name of the segment in Chinese.")
    name_en: str = Field(description="Name of the segment in English.")
    rule_version: int = Field(description="Which of its rules decided; 0 for a list.")
    customer_id: UUID = Field(description="The customer.")
    reason: str = Field(
        description="Change (of the customer), rule (of the segment), hand or merge; may grow."
    )
    facts: list[str] = Field(description="What had changed of the customer, if that is why.")
    at: Timestamp = Field(description="When, UTC.")


class CustomerEnteredSegment(MembershipState):
    """A customer is a member of a segment from now on."""

    type: ClassVar[str] = "customer.customer-entered-segment.v1"


class CustomerLeftSegment(MembershipState):
    """A customer is no member of a segment any more."""

    type: ClassVar[str] = "customer.customer-left-segment.v1"


EVENTS: tuple[type[Event], ...] = (
    SegmentCreated,
    SegmentChanged,
    SegmentArchived,
    CustomerEnteredSegment,
    CustomerLeftSegment,
)
