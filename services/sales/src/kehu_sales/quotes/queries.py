"""Reading quotes."""

from sqlalchemy import Select, select

from kehu_sales.customers.queries import of_customer
from kehu_sales.quotes.models import Quote
from kehu_sales.quotes.schemas import QuoteFilters

SORT_COLUMNS = {"created_at": Quote.created_at, "number": Quote.number}


def matching(tenant_id: str, filters: QuoteFilters) -> Select[Quote]:
    """Return the query for the quotes that match all filters."""
    query = select(Quote).where(Quote.tenant_id == tenant_id)
    for name in ("opportunity_id", "owner_id", "number"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Quote, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Quote.customer_id, tenant_id, filters.customer_id))
    return query
