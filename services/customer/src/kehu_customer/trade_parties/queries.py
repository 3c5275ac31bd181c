"""Reading trade parties."""

from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.trade_parties.models import TradeParty
from kehu_customer.trade_parties.schemas import TradePartyFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"started_on": TradeParty.started_on}
EXACT_FILTERS = ("customer_id", "party_id", "role", "is_default")


def matching(tenant_id: str, filters: TradePartyFilters) -> Select[TradeParty]:
    """Return the query for the trade parties that match all filters."""
    query = select(TradeParty).where(TradeParty.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(TradeParty, name) == value)
    if filters.current is not None:
        query = query.where(TradeParty.ended_on.is_(None) == filters.current)
    return query


async def defaults_of(session: Session, customer_id: UUID) -> list[TradeParty]:
    """Return who plays parts by default when the customer trades: one for a part, at most."""
    query = select(TradeParty).where(
        TradeParty.tenant_id == session.context.tenant_id,
        TradeParty.customer_id == customer_id,
        TradeParty.is_default,
    )
    return await session.scalars(query)
