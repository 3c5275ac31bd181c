"""Credit reservations on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_contracts.money import Money
from kehu_customer.credit.schemas import PositiveAmount, PositiveMoney
from kehu_customer.credit_reservations.models import (
    CreditRelease,
    CreditReservation,
    ReservationState,
)
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Text, shown

SOURCE_KIND = (
    "Kind of the document, e.g. `order`, `receipt`; contracts of sales count by themselves."
)
SOURCE_KEY = "The document's own id: the same one has one effect, however often it is sent."


class ReservationCreate(Input):
    """A document takes a part of the credit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000020",
                    "source_kind": "order",
                    "source_key": "SO-2026-000123",
                    "amount": {"amount": "120000.00", "currency": "CNY"},
                }
            ]
        }
    )

    customer_id: UUID = Field(description="The customer of the document, a branch perhaps.")
    source_kind: Text = Field(description=SOURCE_KIND)
    source_key: Text = Field(description=SOURCE_KEY)
    amount: PositiveMoney = Field(description="What it takes.")
    note: Text | None = Field(None, description="What it is about.")


class ReservationRelease(Input):
    """A document, such as a receipt, sets a part or all of a reservation free."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"source_kind": "receipt", "source_key": "RC-2026-000045", "amount": "50000.00"}
            ]
        }
    )

    source_kind: Text = Field(description=SOURCE_KIND)
    source_key: Text = Field(description=SOURCE_KEY)
    amount: PositiveAmount | None = Field(
        None, description="What is set free, in the reservation's currency; all if omitted."
    )


class ReservationCancellation(Input):
    """The document came to nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "合同解除"}]})

    reason: Text = Field(description="Why.")


class ReservationRead(BaseModel):
    """A credit reservation as it stands."""

    id: UUID = Field(description="The reservation's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    customer_id: UUID = Field(description="The customer of the document.")
    credit_account_id: UUID = Field(description="The account of the head company it is taken from.")
    source_kind: str = Field(description=SOURCE_KIND)
    source_key: str = Field(description=SOURCE_KEY)
    amount: Money = Field(description="What was reserved.")
    released: Money = Field(description="What of it is set free.")
    outstanding: Money = Field(description="What is reserved still.")
    note: str | None = Field(description="What it is about.")
    state: ReservationState = Field(description="Open, released or cancelled.")
    reserved_by: str = Field(description="Who reserved it: a token subject, or a worker.")
    cancelled_by: str | None = Field(description="Who cancelled it.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, one: CreditReservation) -> Self:
        """Return the reservation as the API shows it."""
        amounts = {name: getattr(one, name) for name in ("amount", "released", "outstanding")}
        money = {
            name: Money(amount=amount, currency=one.currency) for name, amount in amounts.items()
        }
        return shown(cls, one, **money)


class ReleaseRead(BaseModel):
    """What one document set free of a reservation."""

    id: UUID = Field(description="The release's id.")
    credit_reservation_id: UUID = Field(description="The reservation.")
    customer_id: UUID = Field(description="The customer of the reservation.")
    source_kind: str = Field(description=SOURCE_KIND)
    source_key: str = Field(description=SOURCE_KEY)
    amount: DecimalText = Field(description="What it set free, in the reservation's currency.")
    released_by: str = Field(description="Who did it: a token subject, or a worker.")
    released_at: datetime = Field(description="When.")

    @classmethod
    def of(cls, release: CreditRelease) -> Self:
        """Return the release as the API shows it."""
        return shown(cls, release)


class ReservationFilters(PageParams):
    """Filters of the list of credit reservations; all must match."""

    customer_id: UUID | None = Field(None, description="Of this customer.")
    credit_account_id: UUID | None = Field(None, description="Of a whole group, by its account.")
    source_kind: str | None = Field(None, description="Of documents of this kind.")
    source_key: str | None = Field(None, description="Of the document with this id.")
    state: ReservationState | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class ReleaseFilters(PageParams):
    """Filters of the list of releases of one reservation."""

    sort: Literal["released_at", "-released_at"] = Field(
        "released_at", description="Order; a leading minus reverses it."
    )
