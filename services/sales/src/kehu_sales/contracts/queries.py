"""Reading contracts."""

from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract, Instalment
from kehu_sales.contracts.schemas import ContractFilters
from kehu_sales.customers.queries import name_of, of_customer, saying

SORT_COLUMNS = {
    "created_at": Contract.created_at,
    "number": Contract.number,
}


def matching(tenant_id: str, filters: ContractFilters) -> Select[Contract]:
    """Return the query for the contracts that match all filters."""
    query = select(Contract).where(Contract.tenant_id == tenant_id)
    for name in ("quote_id", "opportunity_id", "owner_id", "number", "state"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Contract, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Contract.customer_id, tenant_id, filters.customer_id))
    if filters.ends_from is not None:
        query = query.where(Contract.ends_on >= filters.ends_from)
    if filters.ends_before is not None:
        query = query.where(Contract.ends_on < filters.ends_before)
    if filters.q is not None:
        query = query.where(saying(filters.q, Contract.number, name_of(Contract)))
    return query


async def lock_instalments(session: Session, contract_id: UUID) -> list[Instalment]:
    """Return the instalments of a locked contract in order, locked."""
    return await session.scalars(
        select(Instalment)
        .where(
            Instalment.tenant_id == session.context.tenant_id,
            Instalment.contract_id == contract_id,
        )
        .order_by(Instalment.position)
        .with_for_update(key_share=True)
    )
