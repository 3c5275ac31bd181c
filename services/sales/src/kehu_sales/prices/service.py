"""Answering what a customer pays for a product, in a quantity, on a day."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import load_customers, present_customer
from kehu_sales.prices import queries
from kehu_sales.prices.choosing import Answer, answer
from kehu_sales.products.errors import UnknownProduct
from kehu_sales.products.queries import load_products

Wanted = Sequence[tuple[UUID, Decimal]]


async def ask_prices(
    session: Session,
    wanted: Wanted,
    *,
    customer_id: UUID | None,
    on: date,
    currency: str | None = None,
) -> list[Answer]:
    """Return exactly one price per wanted product and quantity, of those in a currency if named.

    The customer of a merged record is its survivor. Raises `UnknownProduct`, `UnknownCustomer`,
    `CustomerHasEnded`, `NoPriceInCurrency`.
    """
    customer = None
    if customer_id is not None:
        known = await load_customers(session, [customer_id])
        customer = present_customer(known, customer_id)
    found = await prices_for(session, wanted, customer, on)
    return [one.within(currency) for one in found]


async def prices_for(
    session: Session, wanted: Wanted, customer: CustomerRef | None, on: date
) -> list[Answer]:
    """Return what `ask_prices` returns, for a customer who is at hand. Raises `UnknownProduct`."""
    products = await load_products(session, {product_id for product_id, _ in wanted})
    for product_id, _ in wanted:
        if product_id not in products:
            raise UnknownProduct(id=product_id)
    listed = await queries.offers(session, wanted, customer, on)
    return [
        answer(products[product_id], quantity, offers)
        for (product_id, quantity), offers in zip(wanted, listed, strict=True)
    ]
