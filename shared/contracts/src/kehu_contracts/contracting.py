"""Facts of the sales service: contracts, and the money that comes in for them."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment
from kehu_contracts.lines import OfferedLine
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
    lines: list[OfferedLine] = Field(description="Every product line, in order.")
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
    credit_override_reason: str | None = Field(
        default=None,
        description="Why it may be submitted although the customer's credit refuses it.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


class ContractCreated(ContractFact):
    """A contract was drafted: from a quote, or free."""

    type: ClassVar[str] = "sales.contract-created.v1"


class ContractChanged(ContractFact):
    """A contract was changed as a draft, submitted, given back or handed over."""

    type: ClassVar[str] = "sales.contract-changed.v1"


class ContractApproved(ContractFact):
    """A contract came into force."""

    type: ClassVar[str] = "sales.contract-approved.v1"


class ContractCollected(ContractFact):
    """Money came in for a contract, or was taken back."""

    type: ClassVar[str] = "sales.contract-collected.v1"


class ContractAmended(ContractFact):
    """A contract in force says something else from now on; `revision` counts that."""

    type: ClassVar[str] = "sales.contract-amended.v1"

    reason: str = Field(description="Why it was amended.")


class ContractFulfilled(ContractFact):
    """Both sides have done what they agreed to."""

    type: ClassVar[str] = "sales.contract-fulfilled.v1"


class ContractCancelled(ContractFact):
    """A contract ended before it was fulfilled; nothing is due any more."""

    type: ClassVar[str] = "sales.contract-cancelled.v1"


class ContractEnding(ContractFact):
    """A contract in force ends soon, by the tenant's policy; told once for a last day."""

    type: ClassVar[str] = "sales.contract-ending.v1"

    days_left: int = Field(description="Days until the last day; 0: that is today.")


class InstalmentOverdue(Event):
    """The due day of an instalment is over, and not all of it came in; told once for a due day."""

    type: ClassVar[str] = "sales.instalment-overdue.v1"
    key: ClassVar[str] = "instalment_id"

    instalment_id: UUID = Field(description="The instalment.")
    contract_id: UUID = Field(description="Its contract.")
    contract_number: str = Field(description="The contract's number.")
    customer_id: UUID = Field(description="Who has to pay.")
    owner_id: UUID | None = Field(description="The employee who works on the contract.")
    position: int = Field(description="Its place in the plan, from 1.")
    due_on: date = Field(description="Day it was due.")
    days_late: int = Field(description="Days since then.")
    open: Money = Field(description="What has not come in.")


class MoneyOfInstalment(Fragment):
    """What of a receipt pays an instalment, or paid it until now."""

    contract_id: UUID = Field(description="The contract.")
    position: int = Field(description="The instalment, counted from 1.")
    amount: Money = Field(description="How much of it.")


class ReceiptFact(Event):
    """Money that came in, after a step; what is left is amount - allocated - refunded."""

    key: ClassVar[str] = "receipt_id"

    receipt_id: UUID = Field(description="The receipt.")
    number: str = Field(description="Document number, such as REC-2026-000001.")
    state: str = Field(description="Recorded or reversed; may grow.")
    customer_id: UUID = Field(description="Who paid.")
    owner_id: UUID | None = Field(description="The employee who follows it up.")
    received_on: date = Field(description="Business day it came in.")
    amount: Money = Field(description="What came in.")
    allocated: Money = Field(description="What pays instalments.")
    refunded: Money = Field(description="What was paid back.")
    closed_on: date | None = Field(description="Business day it was reversed.")
    close_reason: str | None = Field(description="Why it was reversed.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ReceiptRecorded(ReceiptFact):
    """Money came in."""

    type: ClassVar[str] = "sales.receipt-recorded.v1"

    instalments: list[MoneyOfInstalment] = Field(description="What it pays at once.")


class ReceiptAllocated(ReceiptFact):
    """The rest of a receipt, or a part of it, pays instalments now."""

    type: ClassVar[str] = "sales.receipt-allocated.v1"

    instalments: list[MoneyOfInstalment] = Field(description="What it pays besides.")


class ReceiptReleased(ReceiptFact):
    """Money of a receipt does not pay an instalment any more; it is left over."""

    type: ClassVar[str] = "sales.receipt-released.v1"

    instalments: list[MoneyOfInstalment] = Field(description="What it does not pay any more.")


class ReceiptRefunded(ReceiptFact):
    """Money of a receipt was paid back to the customer."""

    type: ClassVar[str] = "sales.receipt-refunded.v1"


class ReceiptReversed(ReceiptFact):
    """A receipt was a mistake: what it paid is open again."""

    type: ClassVar[str] = "sales.receipt-reversed.v1"

    instalments: list[MoneyOfInstalment] = Field(description="What it does not pay any more.")


class ReceiptChanged(ReceiptFact):
    """A receipt was handed over to another employee."""

    type: ClassVar[str] = "sales.receipt-changed.v1"


EVENTS: tuple[type[Event], ...] = (
    ContractCreated,
    ContractChanged,
    ContractApproved,
    ContractCollected,
    ContractAmended,
    ContractFulfilled,
    ContractCancelled,
    ContractEnding,
    InstalmentOverdue,
    ReceiptRecorded,
    ReceiptAllocated,
    ReceiptReleased,
    ReceiptRefunded,
    ReceiptReversed,
    ReceiptChanged,
)
