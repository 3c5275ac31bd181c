"""Reading price lists."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.customers.queries import of_customer
from kehu_sales.db import among
from kehu_sales.price_lists.models import PriceLine, PriceList
from kehu_sales.price_lists.schemas import LineFilters, ListFilters

SORT_COLUMNS = {
    "created_at": PriceList.created_at,
    "number": PriceList.number,
    "starts_on": PriceList.starts_on,
}
LINE_SORT_COLUMNS = {"product_id": PriceLine.product_id}


def matching(tenant_id: str, filters: ListFilters) -> Select[PriceList]:
    """Return the query for the lists that match all filters."""
    query = select(PriceList).where(PriceList.tenant_id == tenant_id)
    for name in ("number", "state", "audience", "segment_id", "audience_code", "owner_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(PriceList, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(PriceList.customer_id, tenant_id, filters.customer_id))
    if filters.q is not None:
        query = query.where(PriceList.name.icontains(filters.q, autoescape=True))
    return query


def lines(tenant_id: str, price_list_id: UUID, filters: LineFilters) -> Select[PriceLine]:
    """Return the query for the lines of a list that match."""
    query = select(PriceLine).where(
        PriceLine.tenant_id == tenant_id, PriceLine.price_list_id == price_list_id
    )
    if filters.product_id is not None:
        query = query.where(PriceLine.product_id == filters.product_id)
    return query


async def lines_of_products(
    session: Session, price_list_id: UUID, product_ids: Collection[UUID]
) -> list[PriceLine]:
    """Return the lines of a list for these products."""
    return await session.scalars(
        select(PriceLine).where(
            PriceLine.tenant_id == session.context.tenant_id,
            PriceLine.price_list_id == price_list_id,
            among(PriceLine.product_id, product_ids),
        )
    )
