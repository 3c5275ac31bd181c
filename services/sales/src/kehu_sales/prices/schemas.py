"""Questions for prices, and answers, on the wire."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_contracts.money import CurrencyCode, Money
from kehu_kernel.wire import Day, Input
from kehu_sales.lines import amount_of
from kehu_sales.opportunities.schemas import (
    Quantity,
)
from kehu_sales.prices.choosing import Answer, Offer
from kehu_sales.products.models import per_day

ID = "019364c2-7d5e-7000-8000-00000000000"
ON = "Business day the price is asked for; today if omitted."
CURRENCY = "Currency the price is to be in; whichever the best price is in if omitted."
CUSTOMER = "The customer; without one only lists for everybody answer."


class PriceQuestion(BaseModel):
    """What a price is asked for."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID = Field(description="The product.")
    quantity: Quantity = Field(description="Quantity, in units of the product.")
    customer_id: UUID | None = Field(None, description=CUSTOMER)
    on: Day | None = Field(None, description=ON)
    currency: CurrencyCode | None = Field(None, description=CURRENCY)


class LineQuestion(Input):
    """One product in a quantity."""

    product_id: UUID = Field(description="The product.")
    quantity: Quantity = Field(description="Quantity, in units of the product.")


class PricesQuestion(Input):
    """What prices are asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_id": f"{ID}1",
                    "lines": [{"product_id": f"{ID}3", "quantity": "40"}],
                }
            ]
        }
    )

    customer_id: UUID | None = Field(None, description=CUSTOMER)
    on: Day | None = Field(None, description=ON)
    currency: CurrencyCode | None = Field(None, description=CURRENCY)
    lines: Annotated[list[LineQuestion], Field(min_length=1, max_length=200)] = Field(
        description="The products."
    )


class PriceOfferRead(BaseModel):
    """A price of one unit, and the rule that gives it."""

    rule: Literal["customer", "segment", "tier", "class", "everybody", "list_price"] = Field(
        description="Whom the price list is for, or the list price of the product itself."
    )
    price: Money = Field(description="Price of one unit.")
    tax_included: bool = Field(description="Whether the price contains the tax.")
    price_list_id: UUID | None = Field(description="The price list.")
    number: str | None = Field(description="Number of the price list.")
    name: str | None = Field(description="Name of the price list.")
    starts_on: date | None = Field(description="First business day of the price list.")
    from_quantity: DecimalText | None = Field(description="The quantity it holds from.")

    @classmethod
    def of(cls, offer: Offer) -> Self:
        """Return the offer as the API shows it."""
        listed = offer.audience is not None
        return cls(
            rule=offer.audience.value if offer.audience else "list_price",
            price=offer.price,
            tax_included=offer.tax_included,
            price_list_id=offer.price_list_id,
            number=offer.number if listed else None,
            name=offer.name if listed else None,
            starts_on=offer.starts_on if listed else None,
            from_quantity=offer.from_quantity if listed else None,
        )


class PriceAnswer(BaseModel):
    """The one price that holds."""

    product_id: UUID = Field(description="The product.")
    product_name: str = Field(description="Its name.")
    unit: str | None = Field(description="Unit the quantity counts.")
    quantity: DecimalText = Field(description="The quantity asked for.")
    price: Money = Field(description="Price of one unit.")
    amount: Money = Field(description="Quantity times price, rounded half-even.")
    tax_rate: DecimalText | None = Field(description="Tax of the product, percent.")
    per_day: Money | None = Field(
        description="Price per day of use (化整为零); null if nobody knows how long a unit lasts."
    )
    given_by: PriceOfferRead = Field(description="The rule that gave the price.")
    beaten: list[PriceOfferRead] = Field(
        description="Prices that would hold otherwise, best first."
    )

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return the answer as the API shows it."""
        product, price = answer.product, answer.offer.price
        daily = per_day(price.amount, product.days_per_unit)
        return cls(
            product_id=product.id,
            product_name=product.name,
            unit=product.unit,
            quantity=answer.quantity,
            price=price,
            amount=Money(amount=amount_of(answer.quantity, price.amount), currency=price.currency),
            tax_rate=product.tax_rate,
            per_day=None if daily is None else Money(amount=daily, currency=price.currency),
            given_by=PriceOfferRead.of(answer.offer),
            beaten=[PriceOfferRead.of(one) for one in answer.beaten],
        )


class PricesAnswer(BaseModel):
    """One price per line that was asked for."""

    items: list[PriceAnswer] = Field(description="The prices, in the order of the lines.")
