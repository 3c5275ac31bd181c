"""Reading classifications."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select

from kehu_customer.classifications.models import Classification
from kehu_customer.classifications.schemas import ClassificationFilters
from kehu_customer.customers.models import Customer
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": Classification.created_at}
EXACT_FILTERS = ("customer_id", "scheme_id", "class_code", "manner")


def matching(tenant_id: str, filters: ClassificationFilters) -> Select[Classification]:
    """Return the query for the classifications that match all filters."""
    query = select(Classification).where(Classification.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Classification, name) == value)
    if filters.current is not None:
        over = Classification.ended_at
        query = query.where(over.is_(None) if filters.current else over.is_not(None))
    return query


async def current_of(
    session: Session, customer_ids: Sequence[UUID], scheme_ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], Classification]:
    """Return the present classifications of customers, by customer and scheme."""
    query = select(Classification).where(
        Classification.tenant_id == session.context.tenant_id,
        Classification.customer_id.in_(customer_ids),
        Classification.scheme_id.in_(scheme_ids),
        Classification.ended_at.is_(None),
    )
    return {(one.customer_id, one.scheme_id): one for one in await session.scalars(query)}


async def last_ended_at(session: Session, customer_id: UUID, scheme_id: UUID) -> datetime | None:
    """Return when the customer was last taken out of a class of the scheme, if ever."""
    ended = select(func.max(Classification.ended_at)).where(
        Classification.tenant_id == session.context.tenant_id,
        Classification.customer_id == customer_id,
        Classification.scheme_id == scheme_id,
    )
    return await session.scalar(ended)


async def next_customers(session: Session, after: UUID | None, limit: int) -> list[Customer]:
    """Return customers in the order of their ids, locked."""
    query = select(Customer).where(Customer.tenant_id == session.context.tenant_id)
    if after is not None:
        query = query.where(Customer.id > after)
    # One order for all, so that two runs at once wait for each other instead of deadlocking.
    query = query.order_by(Customer.id).limit(limit)
    return await session.scalars(query.with_for_update(key_share=True))
