"""Reading segments and members, and writing who enters and leaves."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select

from kehu_customer.customers.models import Customer
from kehu_customer.segments.models import (
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentReason,
    SegmentRun,
    SegmentState,
)
from kehu_customer.segments.schemas import SegmentFilters
from kehu_kernel import ids
from kehu_kernel.session import Session

SORT_COLUMNS = {"code": Segment.code}
MEMBER_COLUMNS = {"entered_at": SegmentMember.entered_at}
EXACT_FILTERS = ("code", "kind", "state")

# Whoever is a member already, or no more, is not returned: so nothing is told twice.
ENTER = """
    INSERT INTO segment_members AS m (
        tenant_id, id, version, created_at, updated_at, segment_id, customer_id, reason, entered_at
    )
    SELECT $1, id, 1, $2, $2, segment_id, customer_id, $3, $2
    FROM unnest($4::uuid[], $5::uuid[], $6::uuid[]) AS new (segment_id, customer_id, id)
    ON CONFLICT (tenant_id, segment_id, customer_id) DO UPDATE SET
        version = m.version + 1, updated_at = $2, reason = $3, entered_at = $2, left_at = NULL
    WHERE m.left_at IS NOT NULL
    RETURNING id, version, segment_id, customer_id
"""
LEAVE = """
    UPDATE segment_members AS m SET
        version = m.version + 1, updated_at = $2, reason = $3, left_at = $2
    FROM unnest($4::uuid[], $5::uuid[]) AS gone (segment_id, customer_id)
    WHERE m.tenant_id = $1 AND m.segment_id = gone.segment_id
        AND m.customer_id = gone.customer_id AND m.left_at IS NULL
    RETURNING m.id, m.version, m.segment_id, m.customer_id
"""

Pair = tuple[UUID, UUID]
"""A segment and a customer."""


class Moved(NamedTuple):
    """A customer that really entered or left a segment, and how often it has by now."""

    membership_id: UUID
    version: int
    segment_id: UUID
    customer_id: UUID


def matching(tenant_id: str, filters: SegmentFilters) -> Select[Segment]:
    """Return the query for the segments that match all filters."""
    query = select(Segment).where(Segment.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Segment, name) == value)
    return query


def current(tenant_id: str, segment_id: UUID) -> Select[SegmentMember]:
    """Return the query for the members of a segment."""
    return select(SegmentMember).where(
        SegmentMember.tenant_id == tenant_id,
        SegmentMember.segment_id == segment_id,
        SegmentMember.left_at.is_(None),
    )


async def runs_of(session: Session, segments: Sequence[Segment]) -> dict[UUID, SegmentRun]:
    """Return how far the members of segments are calculated; static ones have no run."""
    if not segments:
        return {}
    query = select(SegmentRun).where(
        SegmentRun.tenant_id == session.context.tenant_id,
        SegmentRun.segment_id.in_([one.id for one in segments]),
    )
    return {run.segment_id: run for run in await session.scalars(query)}


async def of_customer(session: Session, customer_id: UUID) -> list[tuple[Segment, SegmentMember]]:
    """Return the segments a customer is in, by code; archived ones are left out."""
    tenant_id = session.context.tenant_id
    members = await session.scalars(
        select(SegmentMember).where(
            SegmentMember.tenant_id == tenant_id,
            SegmentMember.customer_id == customer_id,
            SegmentMember.left_at.is_(None),
        )
    )
    by_segment = {one.segment_id: one for one in members}
    segments = await session.scalars(
        select(Segment)
        .where(
            Segment.tenant_id == tenant_id,
            Segment.id.in_(by_segment),
            Segment.state == SegmentState.ACTIVE,
        )
        .order_by(Segment.code)
    )
    return [(one, by_segment[one.id]) for one in segments]


async def share_dynamic(session: Session, facts: Collection[str] | None) -> list[Segment]:
    """Return the dynamic segments in use that look at one of these facts (None: at any).

    They stay locked (shared), so that no rule changes until their members are written.
    """
    query = select(Segment).where(
        Segment.tenant_id == session.context.tenant_id,
        Segment.kind == SegmentKind.DYNAMIC,
        Segment.state == SegmentState.ACTIVE,
    )
    if facts is not None:
        query = query.where(Segment.reads.overlap(sorted(facts)))
    return await session.scalars(query.order_by(Segment.id).with_for_update(read=True))


async def present(
    session: Session, segment_ids: Sequence[UUID], customer_ids: Sequence[UUID]
) -> set[Pair]:
    """Return which of these customers are members of which of these segments."""
    query = select(SegmentMember.segment_id, SegmentMember.customer_id).where(
        SegmentMember.tenant_id == session.context.tenant_id,
        SegmentMember.segment_id.in_(segment_ids),
        SegmentMember.customer_id.in_(customer_ids),
        SegmentMember.left_at.is_(None),
    )
    return {(segment_id, customer_id) for segment_id, customer_id in await session.execute(query)}


async def enter(
    session: Session, pairs: Collection[Pair], at: datetime, reason: SegmentReason
) -> list[Moved]:
    """Let customers be members; return those that were not. In one order for all."""
    if not pairs:
        return []
    ordered = sorted(pairs)
    segment_ids, customer_ids = zip(*ordered, strict=True)
    new = [ids.new_id() for _ in ordered]
    tenant_id = session.context.tenant_id
    found = await session.fetch(ENTER, tenant_id, at, reason, segment_ids, customer_ids, new)
    return [Moved(*row) for row in found]


async def leave(
    session: Session, pairs: Collection[Pair], at: datetime, reason: SegmentReason
) -> list[Moved]:
    """Let customers be no members any more; return those that were."""
    if not pairs:
        return []
    segment_ids, customer_ids = zip(*sorted(pairs), strict=True)
    tenant_id = session.context.tenant_id
    found = await session.fetch(LEAVE, tenant_id, at, reason, segment_ids, customer_ids)
    return [Moved(*row) for row in found]


async def visible(session: Session, customer_ids: Collection[UUID]) -> list[Customer]:
    """Return those of the customers that the caller sees, in the order of their ids, locked."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.id.in_(customer_ids))
        .order_by(Customer.id)
    )
    return await session.scalars(query.with_for_update(read=True))


async def sizes_of(session: Session, segments: Sequence[Segment]) -> dict[UUID, int]:
    """Return how many members of each segment the caller sees."""
    if not segments:
        return {}
    counted = await session.execute(
        select(SegmentMember.segment_id, func.count())
        .where(
            SegmentMember.tenant_id == session.context.tenant_id,
            SegmentMember.segment_id.in_([one.id for one in segments]),
            SegmentMember.left_at.is_(None),
        )
        .group_by(SegmentMember.segment_id)
    )
    return dict(map(tuple, counted))
