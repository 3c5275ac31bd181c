"""Reading timelines."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select, union_all

from kehu_customer.customers.models import Customer
from kehu_customer.timeline.investment import Part
from kehu_customer.timeline.models import EntryKind, TimelineEntry
from kehu_customer.timeline.schemas import Days, TimelineFilters
from kehu_customer.timeline.telling import spellings, way
from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session

SORT_COLUMNS = {"happened_at": TimelineEntry.happened_at}


def matching(
    tenant_id: str, customer_id: UUID, filters: TimelineFilters, withheld: Collection[EntryKind]
) -> Select[TimelineEntry]:
    """Return the query for the entries of a customer that match all filters, but no `withheld`."""
    query = _of(tenant_id, customer_id).where(TimelineEntry.kind.not_in(withheld))
    if filters.kind:
        query = query.where(one_of(TimelineEntry.kind, filters.kind))
    if filters.contacts_only:
        query = query.where(TimelineEntry.is_contact)
    if filters.channel is not None:
        query = query.where(TimelineEntry.channel.in_(spellings(filters.channel)))
    for name in ("employee_id", "subject_id"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(TimelineEntry, name) == value)
    return _between(query, filters)


async def last_contact(session: Session, customer_id: UUID) -> TimelineEntry | None:
    """Return the newest contact with a customer, if there was any."""
    newest = (
        _of(session.context.tenant_id, customer_id)
        .where(TimelineEntry.is_contact)
        .order_by(TimelineEntry.happened_at.desc(), TimelineEntry.id.desc())
        .limit(1)
    )
    return await session.scalar(newest)


async def invested(session: Session, customer_id: UUID, days: Days) -> list[Part]:
    """Return what the contacts on these days took, per channel, person and currency."""
    contacts = _between(
        _of(session.context.tenant_id, customer_id).where(TimelineEntry.is_contact), days
    )
    parts = (TimelineEntry.channel, TimelineEntry.employee_id, TimelineEntry.currency)
    rows = await session.execute(
        contacts.with_only_columns(
            *parts,
            func.count(),
            func.coalesce(func.sum(TimelineEntry.minutes), 0),
            func.sum(TimelineEntry.cost),
            func.min(TimelineEntry.happened_on),
        ).group_by(*parts)
    )
    return [Part(way(row[0]), *row[1:]) for row in rows]


def _of(tenant_id: str, customer_id: UUID) -> Select[TimelineEntry]:
    """Entries of a customer, and of the records that were merged into it."""
    records = union_all(
        select(literal(customer_id)),
        select(Customer.id).where(
            Customer.tenant_id == tenant_id, Customer.merged_into_id == customer_id
        ),
    )
    return select(TimelineEntry).where(
        TimelineEntry.tenant_id == tenant_id, TimelineEntry.customer_id.in_(records)
    )


def _between(query: Select[Any], days: Days) -> Select[Any]:
    if days.happened_from is not None:
        query = query.where(TimelineEntry.happened_on >= days.happened_from)
    if days.happened_to is not None:
        query = query.where(TimelineEntry.happened_on <= days.happened_to)
    return query
