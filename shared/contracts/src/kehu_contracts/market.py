"""Facts of the sales service: samples."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event
from kehu_contracts.lines import DocumentLine
from kehu_contracts.money import Money


class SampleFact(Event):
    """A request for samples after a step of its life."""

    key: ClassVar[str] = "sample_id"

    sample_id: UUID = Field(description="The request.")
    number: str = Field(description="Document number, such as SAMP-2026-000001.")
    opportunity_id: UUID = Field(description="The opportunity they are for.")
    customer_id: UUID | None = Field(description="The customer they are for.")
    owner_id: UUID | None = Field(description="The employee who answers for them.")
    department_id: UUID | None = Field(description="The owner's department.")
    state: str = Field(
        description="Requested, approved, rejected, cancelled, delivered, returned or kept; "
        "may grow."
    )
    lines: list[DocumentLine] = Field(description="Every product line, in order.")
    total: Money = Field(description="What they are worth.")
    requested_on: date = Field(description="Business day of the request.")
    due_back_on: date | None = Field(description="Day they should be back.")
    delivered_on: date | None = Field(description="Business day the customer got them.")
    stage_code: str | None = Field(description="Stage of the opportunity on delivery.")
    closed_on: date | None = Field(description="Day of return, of keeping, or of cancelling.")
    close_reason: str | None = Field(description="A word on how it ended.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class SampleRequested(SampleFact):
    """Samples were asked for; where nobody is asked they are approved already."""

    type: ClassVar[str] = "sales.sample-requested.v1"


class SampleChanged(SampleFact):
    """A request was approved, rejected, taken back, cancelled or handed over."""

    type: ClassVar[str] = "sales.sample-changed.v1"


class SampleDelivered(SampleFact):
    """Samples were given to the customer."""

    type: ClassVar[str] = "sales.sample-delivered.v1"


class SampleEnded(SampleFact):
    """The customer gave samples back, or keeps them."""

    type: ClassVar[str] = "sales.sample-ended.v1"


EVENTS: tuple[type[Event], ...] = (
    SampleRequested,
    SampleChanged,
    SampleDelivered,
    SampleEnded,
)
