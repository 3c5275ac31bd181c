"""Reading territories."""

from sqlalchemy import Select, select

from kehu_customer.territories.models import Territory
from kehu_customer.territories.schemas import TerritoryFilters

SORT_COLUMNS = {"code": Territory.code, "name": Territory.name}


def matching(tenant_id: str, filters: TerritoryFilters) -> Select[Territory]:
    """Return the query for the territories that match all filters."""
    query = select(Territory).where(Territory.tenant_id == tenant_id)
    if filters.code is not None:
        query = query.where(Territory.code == filters.code)
    if filters.q is not None:
        query = query.where(Territory.name.icontains(filters.q, autoescape=True))
    return query
