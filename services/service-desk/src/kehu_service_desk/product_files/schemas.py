"""Product files on the wire."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_kernel.amounts import POSITIVE, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, shown
from kehu_service_desk.product_files.models import ProductFile, ProductFilePart

Quantity = Annotated[
    Decimal, Field(gt=0, max_digits=12, decimal_places=3), Written(POSITIVE + digits(9, 3))
]


class WarrantyState(StrEnum):
    """Whether the warranty covers a day, or ended before it."""

    IN_WARRANTY = "in_warranty"
    EXPIRED = "expired"


class ProductFileCreate(Input):
    """A product in a customer's hands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "019364c2-7d5e-7000-8000-000000000001",
                    "product_name": "GTX Pro 工业服务器",
                    "serial_number": "GTX26-0728-0041",
                    "quantity": "1",
                    "delivered_on": "2026-07-28",
                    "warranty_until": "2029-07-27",
                    "register": True,
                }
            ]
        },
    )

    customer_id: UUID = Field(description="The customer who has the product.")
    product_id: UUID | None = Field(None, description="The product in the sales catalogue.")
    product_code: Text | None = Field(None, description="Code of the product.")
    product_name: Text = Field(description="Name of the product.")
    serial_number: Text | None = Field(None, description="The maker's number, unique if given.")
    quantity: Quantity = Field(Decimal(1), description="Quantity, in units of the product.")
    service_enabled: Flag = Field(True, description="Whether we service this product.")
    delivered_on: Day | None = Field(
        None, description="Business day of delivery; today if omitted, never in the future."
    )
    warranty_until: Day | None = Field(None, description="Last day of the warranty.")
    last_maintained_on: Day | None = Field(None, description="Day of the last maintenance.")
    next_maintenance_on: Day | None = Field(
        None, description="Day the next maintenance is due; not before the last."
    )
    # "register" would hide a method of pydantic's base class.
    register_now: Flag = Field(
        False, alias="register", description="Register at once: the product data is frozen."
    )


class ProductFileUpdate(Patch):
    """Changes; fields left out stay. A registered file takes the three last fields only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"warranty_until": "2030-07-27", "next_maintenance_on": "2027-07-28"}]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"customer_id", "product_name", "quantity", "service_enabled", "delivered_on"}
    )

    customer_id: UUID | None = Field(None, description="The customer who has the product.")
    product_id: UUID | None = Field(None, description="The product in the sales catalogue.")
    product_code: Text | None = Field(None, description="Code of the product.")
    product_name: Text | None = Field(None, description="Name of the product.")
    serial_number: Text | None = Field(None, description="The maker's number.")
    quantity: Quantity | None = Field(None, description="Quantity, in units of the product.")
    service_enabled: Flag | None = Field(None, description="Whether we service this product.")
    delivered_on: Day | None = Field(None, description="Business day of delivery.")
    warranty_until: Day | None = Field(None, description="Last day of the warranty.")
    last_maintained_on: Day | None = Field(None, description="Day of the last maintenance.")
    next_maintenance_on: Day | None = Field(None, description="Day the next one is due.")


class ProductFileRegistration(Input):
    """Register a product file: its product data is frozen from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2026-07-28"}]})

    on: Day | None = Field(None, description="Business day; today if omitted, never in the future.")


class ProductFileRead(BaseModel):
    """A product file as it stands."""

    id: UUID = Field(description="The product file's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as PF-2026-000123.")
    customer_id: UUID = Field(description="The customer who has the product.")
    product_id: UUID | None = Field(description="The product in the sales catalogue.")
    product_code: str | None = Field(description="Code of the product.")
    product_name: str = Field(description="Name of the product.")
    serial_number: str | None = Field(description="The maker's number.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    service_enabled: bool = Field(description="Whether we service this product.")
    registered: bool = Field(description="Whether the product data is frozen.")
    registered_on: date | None = Field(description="Business day of the registration.")
    delivered_on: date = Field(description="Business day of delivery.")
    warranty_until: date | None = Field(description="Last day of the warranty.")
    in_warranty: bool = Field(description="Whether the warranty covers today.")
    last_maintained_on: date | None = Field(description="Day of the last maintenance.")
    next_maintenance_on: date | None = Field(description="Day the next maintenance is due.")
    spare_part: bool | None = Field(description="Whether it is a spare part, as sales says.")
    service_life_until: date | None = Field(description="Last day of the service life.")
    project_id: UUID | None = Field(description="The project that delivered it, in sales.")
    contract_id: UUID | None = Field(description="The contract it was delivered for, in sales.")
    delivery_id: UUID | None = Field(description="The delivery that made it, in sales.")
    delivery_reversed_on: date | None = Field(description="Day its delivery was taken back.")
    withdrawn_on: date | None = Field(
        description="Day it was withdrawn for that; null if it had been worked with."
    )
    withdraw_reason: str | None = Field(description="Why the delivery was taken back.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, file: ProductFile, today: date) -> Self:
        """Return the product file as the API shows it on that day."""
        return shown(cls, file, registered=file.registered, in_warranty=file.in_warranty(today))


class ProductFilePartRead(BaseModel):
    """A part fitted into the product when a service request was handled."""

    id: UUID = Field(description="The entry's id.")
    request_id: UUID = Field(description="The service request.")
    product_name: str = Field(description="Name of the part.")
    quantity: DecimalText = Field(description="Quantity, in units of the part.")
    serial_number: str | None = Field(description="The maker's number.")
    fitted_on: date = Field(description="Business day it was fitted.")

    @classmethod
    def of(cls, part: ProductFilePart) -> Self:
        """Return the part as the API shows it."""
        return shown(cls, part)


class ProductFileFilters(PageParams):
    """Filters of the product file list; all must match."""

    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    product_id: UUID | None = Field(None, description="Of this product of the catalogue.")
    product_code: str | None = Field(None, description="With exactly this product code.")
    serial_number: str | None = Field(None, description="With exactly this serial number.")
    number: str | None = Field(None, description="With exactly this document number.")
    project_id: UUID | None = Field(None, description="Delivered by this project.")
    contract_id: UUID | None = Field(None, description="Delivered for this contract.")
    delivery_id: UUID | None = Field(None, description="Made by this delivery.")
    withdrawn: bool | None = Field(None, description="Withdrawn, or standing.")
    registered: bool | None = Field(None, description="Registered, or still a draft.")
    warranty: WarrantyState | None = Field(
        None, description="In warranty, or with an expired one; files without one are in neither."
    )
    as_of: Day | None = Field(None, description="The day `warranty` is about; today if omitted.")
    q: str | None = Field(
        None, min_length=1, max_length=100, description="The product's name contains this."
    )
    sort: Literal[
        "created_at", "-created_at", "product_name", "-product_name", "warranty_until",
        "-warranty_until", "next_maintenance_on", "-next_maintenance_on",
    ] = Field("-created_at", description="Order; a leading minus reverses it.")  # fmt: skip


class PartFilters(PageParams):
    """Paging of a product's parts; the part fitted last comes first."""
