"""Reading sources of facts."""

from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.fact_sources.models import FactSource
from kehu_customer.fact_sources.schemas import SourceFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"code": FactSource.code}


def matching(tenant_id: str, filters: SourceFilters) -> Select[FactSource]:
    """Return the query for the sources that match all filters."""
    query = select(FactSource).where(FactSource.tenant_id == tenant_id)
    if filters.code is not None:
        query = query.where(FactSource.code == filters.code)
    if filters.active is not None:
        query = query.where(FactSource.active == filters.active)
    return query


async def sources(session: Session) -> dict[UUID, FactSource]:
    """Return all sources of the tenant, also retired ones, by id: there are few."""
    query = select(FactSource).where(FactSource.tenant_id == session.context.tenant_id)
    return {source.id: source for source in await session.scalars(query)}
