"""Reading erasures, and what speaks against one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, not_, select

from kehu_customer.customers.models import Customer
from kehu_customer.erasures.models import Erasure, ErasureAcknowledgement, ErasureState
from kehu_customer.erasures.schemas import ErasureFilters
from kehu_customer.personal import PERSONAL
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": Erasure.created_at}

CREDIT_OPEN = """
    SELECT 1 FROM credit_accounts
    WHERE tenant_id = $1 AND customer_id = ANY ($2) AND exposure > 0
    UNION ALL
    SELECT 1 FROM credit_contracts WHERE tenant_id = $1 AND customer_id = ANY ($2) AND taken > 0
    LIMIT 1
"""
LEFT_OPEN = """
    SELECT DISTINCT kind FROM (
        SELECT DISTINCT ON (subject_id) kind, type FROM timeline_entries
        WHERE tenant_id = $1 AND customer_id = ANY ($2) AND kind IN ('opportunity', 'request')
        ORDER BY subject_id, recorded_at DESC, id DESC
    ) AS newest
    WHERE type NOT IN ('sales.opportunity-won.v1', 'sales.opportunity-lost.v1',
                       'service-desk.request-closed.v1')
"""
"""By their newest facts that have arrived here. An opportunity that failed its evaluation tells so
by its status, which a timeline does not have: it has to be lost first."""
OF_PERSONS = "SELECT id FROM contacts WHERE tenant_id = $1 AND customer_id = ANY ($2)"


def matching(
    tenant_id: str, filters: ErasureFilters, *, overdue_before: datetime
) -> Select[Erasure]:
    """Return the query for the erasures that match all filters."""
    query = select(Erasure).where(Erasure.tenant_id == tenant_id)
    for name in ("customer_id", "contact_id", "state"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Erasure, name) == value)
    if filters.overdue is not None:
        late = and_(Erasure.state == ErasureState.ORDERED, Erasure.created_at < overdue_before)
        query = query.where(late if filters.overdue else not_(late))
    return query


async def acknowledgements_of(
    session: Session, erasures: Sequence[Erasure]
) -> dict[UUID, list[ErasureAcknowledgement]]:
    """Return what services told of these erasures, in the order they told it."""
    query = (
        select(ErasureAcknowledgement)
        .where(
            ErasureAcknowledgement.tenant_id == session.context.tenant_id,
            ErasureAcknowledgement.erasure_id.in_([one.id for one in erasures]),
        )
        .order_by(ErasureAcknowledgement.at, ErasureAcknowledgement.id)
    )
    told: dict[UUID, list[ErasureAcknowledgement]] = {one.id: [] for one in erasures}
    for one in await session.scalars(query) if erasures else ():
        told[one.erasure_id].append(one)
    return told


async def merged_into(session: Session, customer_id: UUID) -> list[Customer]:
    """Return the records that are part of a customer now, locked."""
    query = (
        select(Customer)
        .where(
            Customer.tenant_id == session.context.tenant_id, Customer.merged_into_id == customer_id
        )
        .order_by(Customer.id)
    )
    return await session.scalars(query.with_for_update(key_share=True))


async def has_open_credit(session: Session, subject_ids: Sequence[UUID]) -> bool:
    """Tell whether credit of these customers is in use."""
    return bool(await session.fetch(CREDIT_OPEN, session.context.tenant_id, list(subject_ids)))


async def left_open(session: Session, subject_ids: Sequence[UUID]) -> set[str]:
    """Return what kinds of documents of these customers are not closed."""
    found = await session.fetch(LEFT_OPEN, session.context.tenant_id, list(subject_ids))
    return {row["kind"] for row in found}


async def count_personal(session: Session, subject_ids: Sequence[UUID]) -> dict[str, int]:
    """Return how many rows of each table belong to these persons, and to their contacts."""
    tenant_id = session.context.tenant_id
    contacts = await session.fetch(OF_PERSONS, tenant_id, list(subject_ids))
    persons = [*subject_ids, *(row["id"] for row in contacts)]
    counts = {}
    for one in PERSONAL:
        whose = " OR ".join(f"{column} = ANY ($2)" for column in one.by)
        # Our own names, never input.
        query = f"SELECT count(*) FROM {one.table} WHERE tenant_id = $1 AND ({whose})"  # noqa: S608
        counts[one.table] = (await session.fetch(query, tenant_id, persons))[0][0]
    return {table: count for table, count in counts.items() if count}
