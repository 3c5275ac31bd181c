"""What a quote is made from: an opportunity, an approved price list, or lines of its own."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from kehu_kernel.session import Session
from kehu_sales.customers.models import CustomerRef
from kehu_sales.customers.service import (
    current_customer,
    load_customers,
    present_customer,
    survivor_of,
)
from kehu_sales.opportunities.errors import AnotherCustomer
from kehu_sales.opportunities.links import lock_open
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.price_lists.errors import UnknownPriceList
from kehu_sales.price_lists.models import PriceLine, PriceList
from kehu_sales.quotes.errors import (
    AnotherCustomersList,
    NoProductLines,
    QuoteSourceUnclear,
    TooManyPrices,
)
from kehu_sales.quotes.schemas import LINES, QuoteCreate, QuoteLineInput
from kehu_sales.references import reference

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Source:
    """What a quote is made from; `wanted` None: the opportunity's lines."""

    opportunity: Opportunity | None
    customer: CustomerRef | None
    wanted: list[QuoteLineInput] | None


async def source_of(session: Session, data: QuoteCreate, *, today: date) -> Source:
    """Return what the quote is to be made from, its opportunity locked.

    Raises `QuoteSourceUnclear`, `NoProductLines`, `AnotherCustomer`, `UnknownPriceList`,
    `PriceListNotApproved`, `AnotherCustomersList`, `TooManyPrices`, what `lock_open` raises, and
    what `current_customer` raises.
    """
    if data.opportunity_id is not None and data.price_list_id is None:
        return await _from_opportunity(session, data, data.opportunity_id)
    if data.opportunity_id is None and data.price_list_id is not None:
        return await _from_price_list(session, data, data.price_list_id, data.on or today)
    if data.opportunity_id is not None or data.lines is None:
        raise QuoteSourceUnclear
    return Source(None, await _named(session, data.customer_id), data.lines)


async def _from_opportunity(session: Session, data: QuoteCreate, opportunity_id: UUID) -> Source:
    opportunity = await lock_open(session, opportunity_id)
    if not opportunity.lines and data.lines is None:
        raise NoProductLines(number=opportunity.number)
    theirs, named = opportunity.customer_id, data.customer_id
    known = await load_customers(session, {one for one in (theirs, named) if one})
    customer = None
    if named is not None:
        if theirs is not None and survivor_of(known, theirs) != survivor_of(known, named):
            raise AnotherCustomer(number=opportunity.number)
        customer = current_customer(known, named)
    elif theirs is not None:
        customer = present_customer(known, theirs)
    return Source(opportunity, customer, data.lines)


async def _from_price_list(
    session: Session, data: QuoteCreate, price_list_id: UUID, on: date
) -> Source:
    found = await reference(session, PriceList, price_list_id, UnknownPriceList)
    found.require_answering(on)
    theirs, named = found.customer_id, data.customer_id
    known = await load_customers(session, {one for one in (theirs, named) if one})
    if theirs is None or named is None:
        agreed = theirs or named
        customer = present_customer(known, agreed) if agreed else None
    else:
        if survivor_of(known, theirs) != survivor_of(known, named):
            raise AnotherCustomersList(number=found.number)
        customer = current_customer(known, named)
    return Source(None, customer, data.lines or await _pushed_down(session, found))


async def _pushed_down(session: Session, found: PriceList) -> list[QuoteLineInput]:
    """Return every product of a list, in the smallest quantity that has a price, at least one."""
    query = (
        select(PriceLine.product_id, func.min(PriceLine.from_quantity))
        .where(
            PriceLine.tenant_id == session.context.tenant_id, PriceLine.price_list_id == found.id
        )
        .group_by(PriceLine.product_id)
        .order_by(PriceLine.product_id)
        .limit(LINES + 1)
    )
    rows = (await session.execute(query)).all()
    if len(rows) > LINES:
        raise TooManyPrices(number=found.number, limit=LINES)
    return [
        QuoteLineInput(product_id=product_id, quantity=max(quantity, ONE))
        for product_id, quantity in rows
    ]


async def _named(session: Session, customer_id: UUID | None) -> CustomerRef | None:
    if customer_id is None:
        return None
    return current_customer(await load_customers(session, [customer_id]), customer_id)
