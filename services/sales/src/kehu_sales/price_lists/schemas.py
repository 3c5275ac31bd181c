"""Price lists on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import CurrencyCode, Money, two_places
from kehu_kernel.amounts import Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, shown
from kehu_sales.price_lists.models import Audience, ListState, PriceLine, PriceList

ID = "019364c2-7d5e-7000-8000-00000000000"
CODE = "Value grade such as A for a tier; scheme/class for a class."
FromQuantity = Annotated[
    Decimal, Field(ge=0, max_digits=14, decimal_places=4), Written(digits(10, 4))
]
Amount = Annotated[
    DecimalText,
    Field(ge=0, max_digits=18, decimal_places=2),
    AfterValidator(two_places),
    Written(digits(16, 2)),
]


class ListCreate(Input):
    """A new price list; a draft without prices."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "华强集团 2027 年协议价",
                    "audience": "customer",
                    "customer_id": f"{ID}1",
                    "starts_on": "2027-01-01",
                    "ends_on": "2027-12-31",
                }
            ]
        }
    )

    name: Text = Field(description="Name.")
    audience: Audience = Field(description="Whom it is for.")
    customer_id: UUID | None = Field(None, description="The customer it is for.")
    segment_id: UUID | None = Field(None, description="The segment it is for.")
    audience_code: Text | None = Field(None, description=CODE)
    currency: CurrencyCode = Field("CNY", description="Currency, ISO 4217.")
    tax_included: Flag = Field(True, description="Whether its prices contain the tax.")
    starts_on: Day = Field(description="First business day it holds.")
    ends_on: Day | None = Field(None, description="Last business day it holds.")
    owner_id: UUID | None = Field(
        None, description="The employee who looks after it; the caller's if omitted."
    )
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )


class ListUpdate(Patch):
    """Changes to a draft; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_on": "2028-06-30"}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"name", "audience", "currency", "tax_included", "starts_on"}
    )

    name: Text | None = Field(None, description="Name.")
    audience: Audience | None = Field(None, description="Whom it is for.")
    customer_id: UUID | None = Field(None, description="The customer it is for.")
    segment_id: UUID | None = Field(None, description="The segment it is for.")
    audience_code: Text | None = Field(None, description=CODE)
    currency: CurrencyCode | None = Field(None, description="Currency, ISO 4217.")
    tax_included: Flag | None = Field(None, description="Whether its prices contain the tax.")
    starts_on: Day | None = Field(None, description="First business day it holds.")
    ends_on: Day | None = Field(None, description="Last business day it holds.")
    owner_id: UUID | None = Field(None, description="The employee who looks after it.")
    department_id: UUID | None = Field(None, description="The owner's department.")


class ListPriceInput(Input):
    """The price of a product from a quantity on; without a price it is taken off the list."""

    product_id: UUID = Field(description="The product.")
    from_quantity: FromQuantity = Field(
        Decimal(0), description="The quantity from which the price holds, itself included."
    )
    price: Amount | None = Field(
        description="Price of one unit, in the list's currency; null takes it off the list."
    )


class PricesInput(Input):
    """Prices to set; those of other products and quantities stay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [
                        {"product_id": f"{ID}3", "price": "4600.00"},
                        {"product_id": f"{ID}3", "from_quantity": "10", "price": "4400.00"},
                    ]
                }
            ]
        }
    )

    lines: Annotated[list[ListPriceInput], Field(min_length=1, max_length=1000)] = Field(
        description="The prices."
    )


class ListRead(BaseModel):
    """A price list, without its lines."""

    id: UUID = Field(description="The list's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as PRICE-2026-000001.")
    name: str = Field(description="Name.")
    audience: OrLater[Audience] = Field(description="Whom it is for.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    segment_id: UUID | None = Field(description="The segment it is for.")
    audience_code: str | None = Field(description=CODE)
    currency: str = Field(description="Currency, ISO 4217.")
    tax_included: bool = Field(description="Whether its prices contain the tax.")
    starts_on: date = Field(description="First business day it holds.")
    ends_on: date | None = Field(description="Last business day it holds.")
    owner_id: UUID | None = Field(description="The employee who looks after it.")
    department_id: UUID | None = Field(description="The owner's department.")
    state: OrLater[ListState] = Field(description="How far it is; only an approved list answers.")
    line_count: int = Field(description="How many prices it holds.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, found: PriceList) -> Self:
        """Return the list as the API shows it."""
        return shown(cls, found)


class PriceListLineRead(BaseModel):
    """The price of a product from a quantity on."""

    id: UUID = Field(description="The line's id.")
    product_id: UUID = Field(description="The product.")
    from_quantity: DecimalText = Field(description="The quantity from which the price holds.")
    price: Money = Field(description="Price of one unit.")

    @classmethod
    def of(cls, line: PriceLine, currency: str) -> Self:
        """Return the line as the API shows it."""
        return shown(cls, line, price=Money(amount=line.price, currency=currency))


class ListFilters(PageParams):
    """Filters of the list of price lists; all must match."""

    number: str | None = Field(None, description="With exactly this number.")
    state: ListState | None = Field(None, description="In this state.")
    audience: Audience | None = Field(None, description="For this kind of audience.")
    customer_id: UUID | None = Field(
        None, description="For this customer, also if entered for a record merged with it."
    )
    segment_id: UUID | None = Field(None, description="For this segment.")
    audience_code: str | None = Field(None, description="For this grade or class.")
    owner_id: UUID | None = Field(None, description="Looked after by this employee.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Name contains this.")
    sort: Literal["created_at", "-created_at", "number", "-number", "starts_on", "-starts_on"] = (
        Field("-created_at", description="Order; a leading minus reverses it.")
    )


class LineFilters(PageParams):
    """Filters of the lines of a list."""

    product_id: UUID | None = Field(None, description="Of this product.")
    sort: Literal["product_id", "-product_id"] = Field(
        "product_id", description="Order; a leading minus reverses it."
    )
