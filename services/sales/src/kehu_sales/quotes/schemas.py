"""Quotes on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, shown
from kehu_sales.lines import LineRead
from kehu_sales.quotes.models import Quote

ID = "019364c2-7d5e-7000-8000-00000000000"


class QuoteCreate(Input):
    """A quote from an opportunity, whose product lines it takes over."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"opportunity_id": f"{ID}5", "expires_on": "2026-12-31"}]}
    )

    opportunity_id: UUID = Field(description="The opportunity to quote for.")
    on: Day | None = Field(
        None, description="Business day of the quote; today if omitted, never in the future."
    )
    expires_on: Day | None = Field(
        None, description="Last business day it holds; not before the day of the quote."
    )


class QuoteRead(BaseModel):
    """A quote."""

    id: UUID = Field(description="The quote's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as QUO-2026-000123.")
    opportunity_id: UUID = Field(description="The opportunity whose lines it took over.")
    stage_code: str | None = Field(description="Stage the opportunity was in.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who works on the opportunity.")
    lines: list[LineRead] = Field(description="Every product line, in order.")
    total: Money = Field(description="Sum of the lines, rounded half-even once.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day it holds.")
    created_at: datetime = Field(description="When the record was made.")

    @classmethod
    def of(cls, quote: Quote) -> Self:
        """Return the quote as the API shows it."""
        lines = [LineRead.of(line, quote.currency) for line in quote.lines]
        return shown(cls, quote, total=quote.sum, lines=lines)


class QuoteFilters(PageParams):
    """Filters of the quote list; all must match."""

    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    owner_id: UUID | None = Field(None, description="Of this employee.")
    number: str | None = Field(None, description="With exactly this number.")
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
