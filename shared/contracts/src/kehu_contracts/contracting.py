"""Facts of the sales service: contracts, and the money that comes in for them."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment
from kehu_contracts.lines import DocumentLine
from kehu_contracts.money import Money


class PlannedInstalment(Fragment):
    """What of a contract is due on a day."""

    position: int = Field(description="Its place in the plan, from 1.")
    due_on: date = Field(description="Day it is due.")
    amount: Money = Field(description="What is due.")
    condition: str | None = Field(description="On which condition, such as acceptance.")


class ContractFact(Event):
    """A sales contract after a step of its life."""

    key: ClassVar[str] = "contract_id"

    contract_id: UUID = Field(description="The contract.")
    number: str = Field(description="Document number, such as CON-2026-000001.")
    state: str = Field(
        description="Draft, in_approval, approved (in force), fulfilled or cancelled; may grow."
    )
    revision: int = Field(description="Counts what both sides agreed to, from 1.")
    quote_id: UUID | None = Field(description="The quote it was pushed down from.")
    opportunity_id: UUID | None = Field(description="The opportunity it came of.")
    customer_id: UUID = Field(description="The customer it is with.")
    contact_id: UUID | None = Field(description="The contact there.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    department_id: UUID | None = Field(description="The owner's department.")
    lines: list[DocumentLine] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description="Given off the sum of the lines, percent.")
    total: Money = Field(description="Sum of the lines less the discount.")
    collected: Money = Field(description="What came in of it.")
    instalments: list[PlannedInstalment] = Field(description="When the money is due.")
    on_account: bool = Field(
        description="Whether the customer pays after delivery: what is open then takes credit."
    )
    settlement_method: str | None = Field(description="How it is paid, such as bank transfer.")
    signed_on: date = Field(description="Business day of the signatures.")
    starts_on: date = Field(description="First day it holds.")
    ends_on: date | None = Field(description="Last day it holds.")
    approved_on: date | None = Field(description="Day it came into force.")
    closed_on: date | None = Field(description="Day it was fulfilled or cancelled.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ContractCreated(ContractFact):
    """A contract was drafted: from a quote, or free."""

    type: ClassVar[str] = "sales.contract-created.v1"


class ContractChanged(ContractFact):
    """A contract was changed as a draft, submitted, given back or handed over."""

    type: ClassVar[str] = "sales.contract-changed.v1"


class ContractApproved(ContractFact):
    """A contract came into force."""

    type: ClassVar[str] = "sales.contract-approved.v1"


class ContractAmended(ContractFact):
    """Both sides agreed to something else than before; `revision` counts it."""

    type: ClassVar[str] = "sales.contract-amended.v1"


class ContractCollected(ContractFact):
    """Money came in for a contract, or was taken back."""

    type: ClassVar[str] = "sales.contract-collected.v1"


class ContractFulfilled(ContractFact):
    """Both sides have done what they agreed to."""

    type: ClassVar[str] = "sales.contract-fulfilled.v1"


class ContractCancelled(ContractFact):
    """A contract ended before it was fulfilled; nothing is due any more."""

    type: ClassVar[str] = "sales.contract-cancelled.v1"


EVENTS: tuple[type[Event], ...] = (
    ContractCreated,
    ContractChanged,
    ContractApproved,
    ContractAmended,
    ContractCollected,
    ContractFulfilled,
    ContractCancelled,
)
