"""Reading quotes."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, or_, select

from kehu_kernel.session import Session
from kehu_sales.customers.queries import of_customer
from kehu_sales.quotes.models import HOLDING, Quote
from kehu_sales.quotes.schemas import QuoteFilters

SORT_COLUMNS = {"created_at": Quote.created_at, "number": Quote.number}


def matching(tenant_id: str, filters: QuoteFilters) -> Select[Quote]:
    """Return the query for the quotes that match all filters."""
    query = select(Quote).where(Quote.tenant_id == tenant_id)
    for name in ("opportunity_id", "owner_id", "number", "state", "price_list_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Quote, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Quote.customer_id, tenant_id, filters.customer_id))
    return query


async def versions_of(session: Session, quote: Quote) -> list[Quote]:
    """Return every version of a quote, oldest first."""
    root = quote.root_id or quote.id
    return await session.scalars(
        select(Quote)
        .where(
            Quote.tenant_id == session.context.tenant_id,
            or_(Quote.id == root, Quote.root_id == root),
        )
        .order_by(Quote.revision)
    )


async def held_by(session: Session, customer_id: UUID, on: date, *, but: UUID) -> list[Quote]:
    """Return the quotes that a customer can rely on that day, without the versions of one.

    Whoever made them: two salespeople must not tell one customer two prices.
    """
    tenant_id = session.context.tenant_id
    await session.see_all_rows()
    found = await session.scalars(
        select(Quote).where(
            of_customer(Quote.customer_id, tenant_id, customer_id),
            Quote.tenant_id == tenant_id,
            Quote.state.in_(HOLDING),
            or_(Quote.expires_on.is_(None), Quote.expires_on >= on),
            Quote.id != but,
            or_(Quote.root_id.is_(None), Quote.root_id != but),
        )
    )
    await session.see_rows_in_scope()
    return found
