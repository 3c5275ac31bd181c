"""Quotes on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import CurrencyCode, Money
from kehu_kernel.amounts import PriceInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Patch, shown
from kehu_sales.lines import LineRead, PercentInput
from kehu_sales.opportunities.schemas import (
    Quantity,
)
from kehu_sales.quotes.lines import QuoteLine
from kehu_sales.quotes.models import Quote, QuoteState
from kehu_sales.quotes.warnings import WORDS, QuoteWarning

ID = "019364c2-7d5e-7000-8000-00000000000"
LINES = 200


class QuoteLineInput(Input):
    """One product to offer; its price comes from the price source unless one is given."""

    product_id: UUID = Field(description="The product.")
    quantity: Quantity = Field(description="Quantity, in units of the product.")
    unit_price: PriceInput | None = Field(
        None, description="Price of one unit; or a discount, or neither."
    )
    discount_percent: PercentInput | None = Field(
        None, description="What is given off the price, percent."
    )


Lines = Annotated[list[QuoteLineInput], Field(min_length=1, max_length=LINES)]
WHOLE = "What is given off the sum of the lines, percent."


class QuoteCreate(Input):
    """A quote from an opportunity, from a price list, or from lines of its own.

    Without lines it takes over those of the opportunity, or the first price of every product of
    the list.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"opportunity_id": f"{ID}5", "expires_on": "2026-12-31"}]}
    )

    opportunity_id: UUID | None = Field(None, description="The opportunity to quote for.")
    price_list_id: UUID | None = Field(None, description="The approved price list to quote from.")
    customer_id: UUID | None = Field(
        None, description="The customer; that of the opportunity or the list if omitted."
    )
    lines: Lines | None = Field(None, description="What to offer.")
    discount_percent: PercentInput | None = Field(None, description=WHOLE)
    currency: CurrencyCode | None = Field(
        None, description="Currency to quote in; that of the best prices if omitted."
    )
    owner_id: UUID | None = Field(
        None, description="Who makes it; the opportunity's owner, or the caller, if omitted."
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )
    on: Day | None = Field(
        None, description="Business day of the quote; today if omitted, never in the future."
    )
    expires_on: Day | None = Field(
        None, description="Last business day it holds; not before the day of the quote."
    )


class QuoteUpdate(Patch):
    """Changes to a draft; fields left out stay.

    `lines` replaces all lines, priced anew, in the currency of the quote.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"product_id": f"{ID}3", "quantity": "40", "discount_percent": "5"}],
                    "discount_percent": "2.50",
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"lines", "discount_percent"})

    lines: Lines | None = Field(None, description="What to offer.")
    discount_percent: PercentInput | None = Field(None, description=WHOLE)
    owner_id: UUID | None = Field(None, description="Who makes it.")
    department_id: UUID | None = Field(None, description="The owner's department.")
    expires_on: Day | None = Field(None, description="Last business day it holds.")


class QuoteStep(Input):
    """A step on a business day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class QuoteRejection(Input):
    """The customer's no."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "价格高于竞争对手"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description="Business day; today if omitted, never later.")


class QuoteCancellation(Input):
    """Why a quote is given up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户项目取消"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description="Business day; today if omitted, never later.")


class QuoteLineRead(LineRead):
    """One product line of a quote."""

    unit: str | None = Field(description="Unit the quantity counts.")
    tax_rate: DecimalText | None = Field(description="Tax contained in the prices, percent.")
    tax_included: bool | None = Field(
        description="Whether the prices contain the tax; null on lines made before this was kept."
    )
    base_price: Money | None = Field(description="What the price source said of one unit.")
    given_by: str | None = Field(
        description="Number of the price list that gave the base price, or list_price."
    )
    discount_percent: DecimalText = Field(description="Given off the base price, percent.")
    per_day: Money | None = Field(
        description="Price of one unit per day of use, after the discount on the whole; null if "
        "nobody knows how long it lasts."
    )

    @classmethod
    def of(  # type: ignore[override]
        cls, line: QuoteLine, currency: str, off_total: Decimal
    ) -> Self:
        """Return the line as the API shows it, in a document with this discount on the whole."""
        plain = LineRead.of(line, currency)

        def money(amount: object) -> object:
            return None if amount is None else {"amount": amount, "currency": currency}

        return shown(
            cls,
            plain,
            base_price=money(line.base_price),
            given_by=line.given_by,
            discount_percent=line.discount_percent,
            unit=line.unit,
            tax_rate=line.tax_rate,
            tax_included=line.tax_included,
            per_day=money(line.per_day(off_total)),
        )


class WarningRead(BaseModel):
    """What may be wrong with the quote."""

    code: OrLater[QuoteWarning] = Field(description="Which warning it is.")
    zh: str = Field(description="The warning in Chinese.")
    en: str = Field(description="The warning in English.")
    source: str = Field(description="The place in the texts.")

    @classmethod
    def of(cls, code: str) -> Self:
        """Return a warning as the API shows it."""
        warning = QuoteWarning(code)
        return cls(code=warning, **WORDS[warning]._asdict())


class QuoteRead(BaseModel):
    """A quote."""

    id: UUID = Field(description="The quote's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as QUO-2026-000123.")
    state: OrLater[QuoteState] = Field(description="How far it is.")
    revision: int = Field(description="Counts the versions of the offer, from 1.")
    root_id: UUID | None = Field(description="The first version; null in that one itself.")
    opportunity_id: UUID | None = Field(description="The opportunity it is for.")
    price_list_id: UUID | None = Field(description="The price list it was made from.")
    stage_code: str | None = Field(description="Stage the opportunity was in.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    department_id: UUID | None = Field(description="The owner's department.")
    lines: list[QuoteLineRead] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description=WHOLE)
    total: Money = Field(description="Sum of the lines less the discount, rounded half-even.")
    warnings: list[WarningRead] = Field(description="What to think of before it is sent.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day it holds.")
    sent_on: date | None = Field(description="Business day it went to the customer.")
    closed_on: date | None = Field(
        description="Business day it was answered, expired or cancelled."
    )
    close_reason: str | None = Field(description="Why the customer said no, or it was cancelled.")
    contract_id: UUID | None = Field(description="The contract that was made from it.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, quote: Quote) -> Self:
        """Return the quote as the API shows it."""
        return shown(
            cls,
            quote,
            total=quote.sum,
            lines=[
                QuoteLineRead.of(line, quote.currency, quote.discount_percent)
                for line in quote.lines
            ],
            warnings=[WarningRead.of(code) for code in quote.warnings],
        )


class QuoteVersions(BaseModel):
    """Every version of an offer."""

    items: list[QuoteRead] = Field(description="The versions, oldest first.")


class QuoteFilters(PageParams):
    """Filters of the quote list; all must match."""

    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    price_list_id: UUID | None = Field(None, description="Made from this price list.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    owner_id: UUID | None = Field(None, description="Of this employee.")
    number: str | None = Field(None, description="With exactly this number.")
    state: QuoteState | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
