"""Products on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.money import Money
from kehu_kernel.amounts import PriceInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, Patch, Text, shown
from kehu_sales.products.models import Product


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
                }
            ]
        },
    )

    code: Text = Field(description="Your own product code, unique.")
    name: Text = Field(description="Name.")
    series: Text | None = Field(None, description="Product line the product belongs to.")
    unit: Text | None = Field(None, description="Unit the quantity counts, such as piece.")
    list_price: PriceInput = Field(description="Price of one unit before any discount.")


class ProductUpdate(Patch):
    """Changes to a product; fields left out stay. Documents keep the prices they were made with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"list_price": {"amount": "4999.00", "currency": "CNY"}, "active": True}]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset({"code", "name", "list_price", "active"})

    code: Text | None = Field(None, description="Your own product code.")
    name: Text | None = Field(None, description="Name.")
    series: Text | None = Field(None, description="Product line the product belongs to.")
    unit: Text | None = Field(None, description="Unit the quantity counts.")
    list_price: PriceInput | None = Field(
        None, description="Price of one unit before any discount."
    )
    active: Flag | None = Field(None, description="False withdraws it: no new line may name it.")


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
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, product: Product) -> Self:
        """Return the product as the API shows it."""
        return shown(cls, product, list_price=product.price)


class ProductFilters(PageParams):
    """Filters of the product list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    series: str | None = Field(None, description="In exactly this series.")
    active: bool | None = Field(None, description="Still offered, or withdrawn.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["name", "-name", "code", "-code", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )
