"""The price API: one answer, and the rule that gave it."""

from typing import Annotated

from fastapi import Query

from kehu_kernel.auth import requires
from kehu_kernel.http import Session, Today, router
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, UnknownCustomer
from kehu_sales.lines import AmountTooLarge
from kehu_sales.prices import service
from kehu_sales.prices.errors import NoPriceInCurrency
from kehu_sales.prices.schemas import PriceAnswer, PriceQuestion, PricesAnswer, PricesQuestion
from kehu_sales.products.errors import UnknownProduct

routes = router("/v1/prices", "prices")
READ = requires("sales:prices:read")
REFUSED = (UnknownProduct, UnknownCustomer, CustomerHasEnded, NoPriceInCurrency, AmountTooLarge)


@routes.get("", summary="Ask a price", dependencies=[READ], responses=problems(*REFUSED))
async def ask_price(
    session: Session, question: Annotated[PriceQuestion, Query()], today: Today
) -> PriceAnswer:
    """The one price of a product for a customer, in a quantity, on a day, and why."""
    wanted = [(question.product_id, question.quantity)]
    found = await service.ask_prices(
        session,
        wanted,
        customer_id=question.customer_id,
        on=question.on or today,
        currency=question.currency,
    )
    return PriceAnswer.of(found[0])


@routes.post("", summary="Ask many prices", dependencies=[READ], responses=problems(*REFUSED))
async def ask_prices(data: PricesQuestion, session: Session, today: Today) -> PricesAnswer:
    """The one price of each line, and why; nothing is changed."""
    found = await service.ask_prices(
        session,
        [(line.product_id, line.quantity) for line in data.lines],
        customer_id=data.customer_id,
        on=data.on or today,
        currency=data.currency,
    )
    return PricesAnswer(items=[PriceAnswer.of(one) for one in found])
