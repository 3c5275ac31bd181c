"""Deliveries on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text, Whole, shown
from kehu_sales.deliveries.models import DeliveryState, ProjectDelivery
from kehu_sales.opportunities.schemas import Quantity


class DeliveredLineInput(Input):
    """What is delivered of a line."""

    line_number: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        description="The line of the project."
    )
    quantity: Quantity = Field(description="Quantity; at most what is open.")
    serial_numbers: Annotated[list[Text], Field(max_length=1000)] = Field(
        default_factory=list, description="The maker's numbers, one per unit; or none."
    )


class DeliveryCreate(Input):
    """Lines of a project that reached the customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [
                        {"line_number": 1, "quantity": "2", "serial_numbers": ["SN-1", "SN-2"]}
                    ],
                    "receiver": "王工",
                    "on": "2026-11-20",
                }
            ]
        }
    )

    lines: Annotated[list[DeliveredLineInput], Field(min_length=1, max_length=200)] = Field(
        description="What was delivered; each line once."
    )
    receiver: Text | None = Field(None, description="Who took it at the customer's.")
    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class DeliveryReversal(Input):
    """Take a delivery back as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "发错型号，退回"}]})

    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class DeliveredLineRead(BaseModel):
    """What was delivered of a line, and what that means to the service desk."""

    model_config = ConfigDict(from_attributes=True)

    line_number: int = Field(description="The line of the project.")
    product_id: UUID = Field(description="The product.")
    product_code: str = Field(description="Its code.")
    product_name: str = Field(description="Its name when the project was set up.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    serial_numbers: list[str] = Field(description="The maker's numbers.")
    service_enabled: bool = Field(description="Whether the service desk services it.")
    creates_product_file: bool = Field(description="Whether it gets a product file.")
    spare_part: bool = Field(description="Whether it is a spare part.")
    service_life_months: int | None = Field(description="Service life, in months.")
    warranty_months: int | None = Field(description="Warranty, in months.")


class DeliveryRead(BaseModel):
    """A delivery."""

    id: UUID = Field(description="The delivery's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as DLV-2026-000001.")
    project_id: UUID = Field(description="The project.")
    contract_id: UUID | None = Field(description="The contract it fulfils.")
    customer_id: UUID = Field(description="The customer who got it.")
    employee_id: UUID | None = Field(description="The employee who took it down.")
    delivered_on: date = Field(description="Business day of the delivery.")
    receiver: str | None = Field(description="Who took it at the customer's.")
    lines: list[DeliveredLineRead] = Field(description="What was delivered.")
    state: OrLater[DeliveryState] = Field(description="Delivered, or taken back.")
    reversed_on: date | None = Field(description="Business day it was taken back.")
    reverse_reason: str | None = Field(description="Why it was taken back.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, delivery: ProjectDelivery) -> Self:
        """Return the delivery as the API shows it."""
        return shown(cls, delivery)


class DeliveryFilters(PageParams):
    """Filters of the list of deliveries; all must match."""

    number: str | None = Field(None, description="With exactly this number.")
    state: DeliveryState | None = Field(None, description="Delivered, or taken back.")
    project_id: UUID | None = Field(None, description="Of this project.")
    contract_id: UUID | None = Field(None, description="Fulfilling this contract.")
    customer_id: UUID | None = Field(
        None, description="To this customer, also if entered for a record merged with it."
    )
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
