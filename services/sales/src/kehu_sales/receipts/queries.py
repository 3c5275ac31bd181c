"""Reading receipts, and the instalments they can pay."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.contracts.models import Contract, ContractState, Instalment
from kehu_sales.customers.queries import name_of, of_customer, saying
from kehu_sales.db import among
from kehu_sales.receipts.models import Allocation, Receipt
from kehu_sales.receipts.schemas import ReceiptFilters

SORT_COLUMNS = {"created_at": Receipt.created_at, "number": Receipt.number}


def matching(tenant_id: str, filters: ReceiptFilters) -> Select[Receipt]:
    """Return the query for the receipts that match all filters."""
    query = select(Receipt).where(Receipt.tenant_id == tenant_id)
    for name in ("owner_id", "number", "state"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Receipt, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(Receipt.customer_id, tenant_id, filters.customer_id))
    if filters.contract_id is not None:
        paying = select(Allocation.receipt_id).where(
            Allocation.tenant_id == tenant_id,
            Allocation.contract_id == filters.contract_id,
            Allocation.released_on.is_(None),
        )
        query = query.where(Receipt.id.in_(paying))
    if filters.q is not None:
        names = (Receipt.number, Receipt.reference, name_of(Receipt))
        query = query.where(saying(filters.q, *names))
    return query


async def allocations_of(
    session: Session, receipt_id: UUID, *, counting: bool = False
) -> list[Allocation]:
    """Return what a receipt paid, oldest first; `counting`: only what it pays now."""
    query = select(Allocation).where(
        Allocation.tenant_id == session.context.tenant_id, Allocation.receipt_id == receipt_id
    )
    if counting:
        query = query.where(Allocation.released_on.is_(None))
    return await session.scalars(query.order_by(Allocation.id))


async def payable(session: Session, customer_id: UUID, currency: str) -> list[UUID]:
    """Return the contracts of a customer, in force and in a currency, that are not paid in full."""
    tenant_id = session.context.tenant_id
    return await session.scalars(
        select(Contract.id).where(
            Contract.tenant_id == tenant_id,
            of_customer(Contract.customer_id, tenant_id, customer_id),
            Contract.state == ContractState.APPROVED,
            Contract.currency == currency,
            Contract.collected < Contract.total,
        )
    )


async def lock_contracts(session: Session, ids: Collection[UUID]) -> dict[UUID, Contract]:
    """Return contracts, locked in the order of ids: two receipts never wait in a circle."""
    found = await session.scalars(
        select(Contract)
        .where(Contract.tenant_id == session.context.tenant_id, among(Contract.id, ids))
        .order_by(Contract.id)
        .with_for_update(key_share=True)
    )
    return {contract.id: contract for contract in found}


async def instalments_of(session: Session, ids: Collection[UUID]) -> list[Instalment]:
    """Return the instalments of locked contracts, those due first at the front, locked."""
    return await session.scalars(
        select(Instalment)
        .where(
            Instalment.tenant_id == session.context.tenant_id, among(Instalment.contract_id, ids)
        )
        .order_by(Instalment.due_on, Instalment.contract_id, Instalment.position)
        .with_for_update(key_share=True)
    )
