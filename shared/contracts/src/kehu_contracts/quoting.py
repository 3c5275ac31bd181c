"""Facts of the sales service: quotes, price lists and approvals."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event
from kehu_contracts.lines import OfferedLine
from kehu_contracts.money import Money


class QuoteCreated(Event):
    """A quote was made from the product lines of an opportunity."""

    type: ClassVar[str] = "sales.quote-created.v1"
    key: ClassVar[str] = "quote_id"

    quote_id: UUID = Field(description="The quote.")
    number: str = Field(description="Document number, such as QUO-2026-000123.")
    opportunity_id: UUID = Field(description="The opportunity whose lines it took over.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who made it.")
    lines: list[OfferedLine] = Field(description="Every product line, in order.")
    total: Money = Field(description="Sum of the lines.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day the quote holds.")
    revision: int | None = Field(
        default=None,
        description="Counts the versions of the offer, from 1.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )
    state: str | None = Field(
        default=None,
        description="How far it is; a new quote is a draft.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )
    discount_percent: DecimalText | None = Field(
        default=None,
        description="Given off the sum of the lines, percent.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )


class QuoteFact(Event):
    """A quote after a step of its life."""

    key: ClassVar[str] = "quote_id"

    quote_id: UUID = Field(description="The quote; every version has an id of its own.")
    number: str = Field(description="Document number, such as QUO-2026-000123-2.")
    revision: int = Field(description="Counts the versions of the offer, from 1.")
    state: str = Field(
        description="Draft, in_approval, approved, sent, accepted, rejected, expired, superseded "
        "or cancelled; may grow."
    )
    opportunity_id: UUID | None = Field(description="The opportunity it is for.")
    price_list_id: UUID | None = Field(description="The price list it was made from.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    lines: list[OfferedLine] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description="Given off the sum of the lines, percent.")
    total: Money = Field(description="Sum of the lines less the discount.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day the quote holds.")
    sent_on: date | None = Field(description="Business day it went to the customer.")
    closed_on: date | None = Field(
        description="Business day it was answered, expired or cancelled."
    )
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    contract_id: UUID | None = Field(
        default=None,
        description="The contract that was made from it.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    root_id: UUID | None = Field(
        default=None,
        description="The first version of the offer; null in that one itself.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )


class QuoteDrafted(QuoteFact):
    """A quote without an opportunity was drafted: from a price list, or free."""

    type: ClassVar[str] = "sales.quote-drafted.v1"


class QuoteChanged(QuoteFact):
    """A quote was changed, submitted, approved, handed over, or gave way to a new version."""

    type: ClassVar[str] = "sales.quote-changed.v1"


class QuoteSent(QuoteFact):
    """A quote went to the customer; from now on it is fixed."""

    type: ClassVar[str] = "sales.quote-sent.v1"


class QuoteAccepted(QuoteFact):
    """The customer said yes to a quote."""

    type: ClassVar[str] = "sales.quote-accepted.v1"


class QuoteRejected(QuoteFact):
    """The customer said no to a quote."""

    type: ClassVar[str] = "sales.quote-rejected.v1"


class QuoteExpired(QuoteFact):
    """The last day of a quote was over before the customer said anything."""

    type: ClassVar[str] = "sales.quote-expired.v1"


class QuoteCancelled(QuoteFact):
    """A quote was given up before the customer said yes."""

    type: ClassVar[str] = "sales.quote-cancelled.v1"


class PriceListState(Event):
    """A price list after the change, without its prices."""

    key: ClassVar[str] = "price_list_id"

    price_list_id: UUID = Field(description="The price list.")
    number: str = Field(description="Document number, such as PRICE-2026-000001.")
    name: str = Field(description="Name.")
    audience: str = Field(
        description="Customer, segment, tier (value grade), class or everybody; may grow."
    )
    customer_id: UUID | None = Field(description="The customer it is for.")
    segment_id: UUID | None = Field(description="The segment it is for.")
    audience_code: str | None = Field(description="The value grade, or scheme/class, it is for.")
    currency: str = Field(description="Currency code, ISO 4217.")
    tax_included: bool = Field(description="Whether its prices contain the tax.")
    starts_on: date = Field(description="First business day it holds.")
    ends_on: date | None = Field(description="Last business day it holds.")
    owner_id: UUID | None = Field(description="The employee who looks after it.")
    state: str = Field(description="Draft, in_approval or approved; only an approved one answers.")
    line_count: int = Field(description="How many prices it holds.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class PriceListCreated(PriceListState):
    """A price list was entered, as a draft."""

    type: ClassVar[str] = "sales.price-list-created.v1"


class PriceListChanged(PriceListState):
    """A price list was changed, priced, submitted or un-approved."""

    type: ClassVar[str] = "sales.price-list-changed.v1"


class PriceListApproved(PriceListState):
    """A price list was approved: its prices hold while it is valid."""

    type: ClassVar[str] = "sales.price-list-approved.v1"


class ApprovalState(Event):
    """A document on its way through the levels of its approval, after a step."""

    key: ClassVar[str] = "approval_id"

    approval_id: UUID = Field(description="The approval; each submission has its own.")
    kind: str = Field(description="Kind of document: price_list, quote, contract; may grow.")
    document_id: UUID = Field(description="The document.")
    document_number: str = Field(description="The document's number.")
    state: str = Field(description="Waiting, approved, rejected, withdrawn or revoked; may grow.")
    levels: int = Field(description="How many levels are asked; none: approved at once.")
    position: int = Field(description="The level that decides, or decided last, from 1.")
    level_name: str | None = Field(description="Name of the level that decides.")
    waiting_employee_id: UUID | None = Field(description="The employee it waits for.")
    waiting_role: str | None = Field(description="The role it waits for.")
    amount: Money | None = Field(description="What the document is about.")
    discount_percent: DecimalText | None = Field(description="Its discount, percent.")
    submitted_by_id: UUID | None = Field(description="The employee who submitted it.")


class ApprovalRequested(ApprovalState):
    """A document was submitted for approval."""

    type: ClassVar[str] = "sales.approval-requested.v1"


class ApprovalDecided(ApprovalState):
    """One step was taken: agreed to, given back, taken back, or un-approved."""

    type: ClassVar[str] = "sales.approval-decided.v1"

    decision: str = Field(description="Approve, reject, withdraw or revoke; may grow.")
    decided_by_id: UUID | None = Field(description="The employee who decided.")


EVENTS: tuple[type[Event], ...] = (
    QuoteCreated,
    QuoteDrafted,
    QuoteChanged,
    QuoteSent,
    QuoteAccepted,
    QuoteRejected,
    QuoteExpired,
    QuoteCancelled,
    PriceListCreated,
    PriceListChanged,
    PriceListApproved,
    ApprovalRequested,
    ApprovalDecided,
)
