"""Samples on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, shown
from kehu_sales.lines import LineRead
from kehu_sales.opportunities.schemas import LineInput
from kehu_sales.samples.models import Sample, SampleState

ID = "019364c2-7d5e-7000-8000-00000000000"
ON = "Business day; today if omitted, never in the future, never before the step before."


class SampleCreate(Input):
    """A request for samples; it is submitted for approval at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opportunity_id": f"{ID}5",
                    "lines": [{"product_id": f"{ID}3", "quantity": "2"}],
                    "due_back_on": "2027-01-31",
                    "note": "客户信息中心试用两周",
                }
            ]
        }
    )

    opportunity_id: UUID = Field(description="The opportunity they are for.")
    lines: Annotated[list[LineInput], Field(min_length=1, max_length=200)] = Field(
        description="Which products, in which quantities, at which unit price."
    )
    owner_id: UUID | None = Field(
        None, description="Who answers for them; the opportunity's owner if omitted."
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; the opportunity's if omitted."
    )
    note: LongText | None = Field(None, description="What they are for.")
    on: Day | None = Field(
        None,
        description="Business day of the request; today if omitted, never in the future, never "
        "before the opportunity was opened.",
    )
    due_back_on: Day | None = Field(
        None, description="Day they should be back; not before the request."
    )


class SampleStep(Input):
    """A step on a business day, perhaps with a word on it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    on: Day | None = Field(None, description=ON)
    reason: LongText | None = Field(None, description="A word on how it went.")


class SampleDelivery(Input):
    """The day the customer got them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    on: Day | None = Field(None, description=ON)


class SampleCancellation(Input):
    """Why nothing is delivered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户推迟测试"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON)


class SampleRead(BaseModel):
    """A request for samples."""

    id: UUID = Field(description="The request's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as SAMP-2026-000001.")
    opportunity_id: UUID = Field(description="The opportunity they are for.")
    customer_id: UUID | None = Field(description="The opportunity's customer at that time.")
    owner_id: UUID | None = Field(description="Who answers for them.")
    department_id: UUID | None = Field(description="The owner's department.")
    state: OrLater[SampleState] = Field(description="How far it is.")
    lines: list[LineRead] = Field(description="Every product line, in order.")
    total: Money = Field(description="What they are worth: the sum of the lines.")
    note: str | None = Field(description="What they are for.")
    requested_on: date = Field(description="Business day of the request.")
    due_back_on: date | None = Field(description="Day they should be back.")
    delivered_on: date | None = Field(description="Business day the customer got them.")
    stage_code: str | None = Field(
        description="Stage the opportunity was in on delivery: they count for its gate."
    )
    closed_on: date | None = Field(description="Day of return, of keeping, or of cancelling.")
    close_reason: str | None = Field(description="A word on how it ended.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Return the request as the API shows it."""
        lines = [LineRead.of(line, sample.currency) for line in sample.lines]
        return shown(cls, sample, total=sample.sum, lines=lines)


class SampleFilters(PageParams):
    """Filters of the list of samples; all must match."""

    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    owner_id: UUID | None = Field(None, description="This employee answers for them.")
    product_id: UUID | None = Field(None, description="With a line of this product.")
    state: list[SampleState] = Field(default_factory=list, description="One of these states.")
    number: str | None = Field(None, description="With exactly this number.")
    overdue: bool | None = Field(
        None, description="Delivered, and not back on the day they should be, by today; or not."
    )
    sort: Literal["created_at", "-created_at", "number", "-number"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
