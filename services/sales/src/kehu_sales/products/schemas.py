"""Products on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.amounts import POSITIVE, PriceInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, Whole, shown
from kehu_sales.lines import PercentInput
from kehu_sales.products.models import Origin, Product

DaysInput = Annotated[
    Decimal, Field(gt=0, max_digits=10, decimal_places=4), Written(POSITIVE + digits(6, 4))
]
Months = Annotated[Whole, Field(ge=1, le=1200)]
FLOOR = "Price of one unit below which a quote needs approval; needs sales:prices:floor."
DAYS = "Days that one unit lasts, so that prices can be told per day."
SERVICED = "Whether the service desk services it."
FILED = "Whether a delivered one gets a product file at the service desk."
SPARE = "Whether it is a spare part."
LIFE = "Service life from the delivery on, in months."
WARRANTY = "Warranty from the delivery on, in months."


class ProductCreate(Input):
    """A new product."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "GTX-PRO",
                    "name": "GTX Pro 工作站",
                    "series": "GTX",
                    "unit": "台",
                    "list_price": {"amount": "4821.00", "currency": "CNY"},
                    "category": "工作站",
                    "origin": "self_produced",
                    "tax_rate": "13",
                }
            ]
        },
    )

    code: Text = Field(description="Your own product code, unique.")
    name: Text = Field(description="Name.")
    series: Text | None = Field(None, description="Product line the product belongs to.")
    unit: Text | None = Field(None, description="Unit the quantity counts, such as piece.")
    list_price: PriceInput = Field(description="Price of one unit before any discount, with tax.")
    category: Text | None = Field(None, description="Kind of product, in your own words.")
    origin: Origin | None = Field(None, description="Produced by ourselves, or sold as an agency.")
    floor_price: PriceInput | None = Field(None, description=FLOOR)
    tax_rate: PercentInput | None = Field(None, description="Tax in the price, percent.")
    days_per_unit: DaysInput | None = Field(None, description=DAYS)
    service_enabled: Flag = Field(True, description=SERVICED)
    creates_product_file: Flag = Field(False, description=FILED)
    spare_part: Flag = Field(False, description=SPARE)
    service_life_months: Months | None = Field(None, description=LIFE)
    warranty_months: Months | None = Field(None, description=WARRANTY)


class ProductUpdate(Patch):
    """Changes to a product; fields left out stay. Documents keep the prices they were made with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"list_price": {"amount": "4999.00", "currency": "CNY"}, "active": True}]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "code", "name", "list_price", "active",
            "service_enabled", "creates_product_file", "spare_part",
        }
    )  # fmt: skip

    code: Text | None = Field(None, description="Your own product code.")
    name: Text | None = Field(None, description="Name.")
    series: Text | None = Field(None, description="Product line the product belongs to.")
    unit: Text | None = Field(None, description="Unit the quantity counts.")
    list_price: PriceInput | None = Field(
        None, description="Price of one unit before any discount."
    )
    active: Flag | None = Field(None, description="False withdraws it: no new line may name it.")
    category: Text | None = Field(None, description="Kind of product, in your own words.")
    origin: Origin | None = Field(None, description="Produced by ourselves, or sold as an agency.")
    floor_price: PriceInput | None = Field(None, description=FLOOR)
    tax_rate: PercentInput | None = Field(None, description="Tax in the price, percent.")
    days_per_unit: DaysInput | None = Field(None, description=DAYS)
    service_enabled: Flag | None = Field(None, description=SERVICED)
    creates_product_file: Flag | None = Field(None, description=FILED)
    spare_part: Flag | None = Field(None, description=SPARE)
    service_life_months: Months | None = Field(None, description=LIFE)
    warranty_months: Months | None = Field(None, description=WARRANTY)


class ProductRead(BaseModel):
    """A product as it stands."""

    id: UUID = Field(description="The product's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="The tenant's own product code.")
    name: str = Field(description="Name.")
    series: str | None = Field(description="Product line the product belongs to.")
    unit: str | None = Field(description="Unit the quantity counts.")
    list_price: Money = Field(description="Price of one unit before any discount.")
    active: bool = Field(description="Whether it may still be offered.")
    category: str | None = Field(description="Kind of product.")
    origin: OrLater[Origin] | None = Field(
        description="Produced by ourselves, or sold as an agency."
    )
    floor_price: Money | None = Field(
        description="Price below which a quote needs approval; null without sales:prices:floor."
    )
    tax_rate: DecimalText | None = Field(description="Tax in the price, percent.")
    days_per_unit: DecimalText | None = Field(description=DAYS)
    service_enabled: bool = Field(description=SERVICED)
    creates_product_file: bool = Field(description=FILED)
    spare_part: bool = Field(description=SPARE)
    service_life_months: int | None = Field(description=LIFE)
    warranty_months: int | None = Field(description=WARRANTY)
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, product: Product, *, floor: bool) -> Self:
        """Return the product as the API shows it; the floor price only to those entitled."""
        return shown(
            cls, product, list_price=product.price, floor_price=product.floor if floor else None
        )


class ProductFilters(PageParams):
    """Filters of the product list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    series: str | None = Field(None, description="In exactly this series.")
    category: str | None = Field(None, description="Of exactly this category.")
    origin: Origin | None = Field(None, description="Of this origin.")
    active: bool | None = Field(None, description="Still offered, or withdrawn.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["name", "-name", "code", "-code", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
