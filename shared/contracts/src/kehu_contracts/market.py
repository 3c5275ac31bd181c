"""Facts of the sales service: samples, competitors, reasons of winning and losing."""

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


class CompetitorFact(Event):
    """The file of a competitor after a change."""

    key: ClassVar[str] = "competitor_id"

    competitor_id: UUID = Field(description="The competitor.")
    number: str = Field(description="Document number, such as COMP-2026-000001.")
    name: str = Field(description="Name.")
    website: str | None = Field(description="Address of its web site.")
    strengths: str | None = Field(description="What it is good at.")
    weaknesses: str | None = Field(description="What it is not good at.")
    strategy: str | None = Field(description="How it competes.")
    products: list[str] = Field(description="Names of what it sells.")
    sources: list[str] = Field(description="Where we know it from.")
    state: str = Field(description="Draft, in_approval or approved; may grow.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CompetitorEntered(CompetitorFact):
    """The file of a competitor was entered, as a draft."""

    type: ClassVar[str] = "sales.competitor-entered.v1"


class CompetitorChanged(CompetitorFact):
    """The file of a competitor was changed, submitted, rejected or un-approved."""

    type: ClassVar[str] = "sales.competitor-changed.v1"


class CompetitorApproved(CompetitorFact):
    """The file of a competitor was audited."""

    type: ClassVar[str] = "sales.competitor-approved.v1"


class CompetitorPart(Event):
    """A competitor's part in an opportunity after a change."""

    key: ClassVar[str] = "opportunity_competitor_id"

    opportunity_competitor_id: UUID = Field(description="The entry.")
    opportunity_id: UUID = Field(description="The opportunity.")
    competitor_id: UUID = Field(description="The competitor.")
    threat: str = Field(description="Low, medium or high; may grow.")
    active: bool = Field(description="Whether it still takes part.")
    note: str | None = Field(description="What it is up to.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CompetitorTookPart(CompetitorPart):
    """A competitor was entered for an opportunity."""

    type: ClassVar[str] = "sales.competitor-took-part.v1"


class CompetitorPartChanged(CompetitorPart):
    """A competitor became more or less dangerous, or gave up."""

    type: ClassVar[str] = "sales.competitor-part-changed.v1"


class ComparisonSheetFact(Event):
    """A comparison sheet after a change, without what it says."""

    key: ClassVar[str] = "comparison_sheet_id"

    comparison_sheet_id: UUID = Field(description="The sheet.")
    title: str = Field(description="What it is called.")
    competitor_id: UUID = Field(description="The competitor.")
    opportunity_id: UUID | None = Field(description="The opportunity it is for.")
    product_id: UUID | None = Field(description="The product it is about.")
    criteria: list[str] = Field(description="By what is compared.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ComparisonSheetEntered(ComparisonSheetFact):
    """We and a competitor were put side by side."""

    type: ClassVar[str] = "sales.comparison-sheet-entered.v1"


class ComparisonSheetChanged(ComparisonSheetFact):
    """A comparison sheet was changed."""

    type: ClassVar[str] = "sales.comparison-sheet-changed.v1"


class CloseReasonFact(Event):
    """A reason of winning or losing after a change."""

    key: ClassVar[str] = "close_reason_id"

    close_reason_id: UUID = Field(description="The reason.")
    outcome: str = Field(description="Won or lost.")
    code: str = Field(description="Code, unique for the outcome.")
    name: str = Field(description="Name.")
    name_en: str | None = Field(description="Name in English.")
    active: bool = Field(description="Whether it is in use.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CloseReasonEntered(CloseReasonFact):
    """A reason was added to the list."""

    type: ClassVar[str] = "sales.close-reason-entered.v1"


class CloseReasonChanged(CloseReasonFact):
    """A reason was renamed, or taken out of use."""

    type: ClassVar[str] = "sales.close-reason-changed.v1"


EVENTS: tuple[type[Event], ...] = (
    SampleRequested,
    SampleChanged,
    SampleDelivered,
    SampleEnded,
    CompetitorEntered,
    CompetitorChanged,
    CompetitorApproved,
    CompetitorTookPart,
    CompetitorPartChanged,
    ComparisonSheetEntered,
    ComparisonSheetChanged,
    CloseReasonEntered,
    CloseReasonChanged,
)
