"""Receipts on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_contracts.money import Money
from kehu_kernel.amounts import MoneyInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text, Whole, shown
from kehu_sales.contracts.schemas import PositiveAmount
from kehu_sales.quotes.schemas import ID
from kehu_sales.receipts.models import Allocation, Receipt, ReceiptState

ON = "Business day; today if omitted, never in the future"
GIVEN = (
    "Which instalments it pays. Left out: those that are due first, of the contract or of all "
    "contracts of the customer; an empty list: none for now."
)


class ReceivedMoney(MoneyInput):
    """Money that came in: more than nothing."""

    amount: PositiveAmount = Field(description="Amount, more than nothing.")


class AllocationInput(Input):
    """What of the money pays an instalment."""

    contract_id: UUID = Field(description="The contract in force.")
    position: Whole = Field(ge=1, le=120, description="The instalment, counted from 1.")
    amount: PositiveAmount = Field(description="In the currency of the receipt.")


Allocations = Annotated[list[AllocationInput], Field(max_length=120)]


class ReceiptCreate(Input):
    """Money that came in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": f"{ID}2",
                    "amount": {"amount": "30000.00", "currency": "CNY"},
                    "method": "电汇",
                    "reference": "银行流水 20261122-0031",
                }
            ]
        }
    )

    customer_id: UUID = Field(description="Who paid.")
    amount: ReceivedMoney = Field(description="What came in.")
    received_on: Day | None = Field(None, description="Business day; today if omitted.")
    method: Text | None = Field(None, description="How it was paid.")
    reference: Text | None = Field(None, description="The bank's reference, for instance.")
    contract_id: UUID | None = Field(
        None, description="The contract it is for, unless `allocations` say so."
    )
    allocations: Allocations | None = Field(None, description=GIVEN)
    owner_id: UUID | None = Field(None, description="Who follows it up; the caller if omitted.")
    department_id: UUID | None = Field(None, description="The owner's department.")


class ReceiptAllocation(Input):
    """What the rest of a receipt pays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    contract_id: UUID | None = Field(None, description="Only instalments of this contract.")
    allocations: Allocations | None = Field(None, description=GIVEN)
    on: Day | None = Field(None, description=ON + ", nor before it came in.")


class ReceiptRelease(Input):
    """Take back what a receipt pays of an instalment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"contract_id": f"{ID}8", "position": 1, "reason": "分配有误"}]
        }
    )

    contract_id: UUID = Field(description="The contract.")
    position: Whole = Field(ge=1, le=120, description="The instalment, counted from 1.")
    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON + ", nor before it was allocated.")


class ReceiptRefund(Input):
    """Pay money back to the customer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": "500.00", "reason": "多付退款"}]}
    )

    amount: PositiveAmount = Field(description="At most what is left, in its currency.")
    reason: LongText = Field(description="Why.")


class ReceiptReversal(Input):
    """A receipt was a mistake: bounced, or entered twice."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "支票退票"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON + ", nor before anything it paid.")


class AllocationRead(BaseModel):
    """What a receipt pays, or paid, of an instalment."""

    contract_id: UUID = Field(description="The contract.")
    position: int = Field(description="The instalment, counted from 1.")
    amount: Money = Field(description="What it pays.")
    allocated_on: date = Field(description="Business day it was allocated.")
    released_on: date | None = Field(description="Business day it was taken back; null: it counts.")
    release_reason: str | None = Field(description="Why it was taken back.")

    @classmethod
    def of(cls, allocation: Allocation, currency: str) -> Self:
        """Return the allocation as the API shows it."""
        return shown(cls, allocation, amount={"amount": allocation.amount, "currency": currency})


class AllocationList(BaseModel):
    """Everything a receipt paid."""

    items: list[AllocationRead] = Field(description="Oldest first.")


class ReceiptRead(BaseModel):
    """A receipt; amount = allocated + refunded + unallocated, unless it was reversed."""

    id: UUID = Field(description="The receipt's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as REC-2026-000123.")
    state: OrLater[ReceiptState] = Field(description="Recorded, or reversed as a mistake.")
    customer_id: UUID = Field(description="Who paid.")
    owner_id: UUID | None = Field(description="The employee who follows it up.")
    department_id: UUID | None = Field(description="The owner's department.")
    received_on: date = Field(description="Business day it came in.")
    amount: Money = Field(description="What came in.")
    allocated: Money = Field(description="What pays instalments.")
    refunded: Money = Field(description="What was paid back.")
    unallocated: Money = Field(description="What is left.")
    method: str | None = Field(description="How it was paid.")
    reference: str | None = Field(description="The bank's reference, for instance.")
    closed_on: date | None = Field(description="Business day it was reversed.")
    close_reason: str | None = Field(description="Why it was reversed.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """Return the receipt as the API shows it."""
        return shown(
            cls,
            receipt,
            amount=receipt.money(receipt.amount),
            allocated=receipt.money(receipt.allocated),
            refunded=receipt.money(receipt.refunded),
            unallocated=receipt.money(receipt.unallocated),
        )


class ReceiptFilters(PageParams):
    """Filters of the receipt list; all must match."""

    customer_id: UUID | None = Field(
        None, description="From this customer, also if entered for a record merged with it."
    )
    contract_id: UUID | None = Field(None, description="Paying something of this contract.")
    owner_id: UUID | None = Field(None, description="Of this employee.")
    number: str | None = Field(None, description="With exactly this number.")
    state: ReceiptState | None = Field(None, description="In this state.")
    q: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Number, reference or the customer's name contains this.",
    )
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
