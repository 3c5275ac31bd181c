"""What can be done with a segment. Every command locks the segment first."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.customers.models import Customer
from kehu_customer.segments import checking, compiler, events, queries, rules
from kehu_customer.segments.defaults import default_segments
from kehu_customer.segments.errors import UnknownCustomers
from kehu_customer.segments.evaluation import tell
from kehu_customer.segments.models import (
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentReason,
    SegmentRun,
    SegmentState,
)
from kehu_customer.segments.queries import Moved
from kehu_customer.segments.schemas import (
    ListChange,
    ListChanged,
    MemberFilters,
    Preview,
    PreviewAsked,
    PreviewedCustomer,
    SegmentCreate,
    SegmentDefaults,
    SegmentFilters,
    SegmentOfCustomer,
    SegmentRead,
    SegmentsOfCustomer,
    SegmentUpdate,
)
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


class Limits(NamedTuple):
    """How large a rule may be, and how far a preview counts."""

    deepest: int
    largest: int
    counted: int


async def create_segment(
    session: Session, data: SegmentCreate, *, today: date, limits: Limits
) -> Segment:
    """Set up a segment; the worker lets the customers that its rule means enter.

    Raises `SegmentNeedsRule`, `SegmentRuleInvalid`; the database refuses a code that is taken.
    """
    segment = Segment(**data.model_dump(exclude={"rule"}))
    segment.state, segment.rule_version = SegmentState.ACTIVE, 0
    await _take(session, segment, data.rule, limits)
    audit.created(session, segment)
    outbox.add(session, events.created(segment), sequence=segment.version)
    if data.rule is not None:
        session.add(SegmentRun(segment_id=segment.id, **_from_the_start(data.rule, today)))
    return segment


async def change_segment(
    session: Session,
    segment_id: UUID,
    data: SegmentUpdate,
    *,
    today: date,
    expected_version: int,
    limits: Limits,
) -> Segment:
    """Change a segment; a new rule looks at every customer anew.

    Raises `SegmentIsArchived`, `SegmentNeedsRule`, `SegmentRuleInvalid`.
    """
    segment = await require(
        session, Segment, segment_id, lock=True, expected_version=expected_version
    )
    segment.require_active()
    given = data.given()
    given.pop("rule", None)
    for name, value in given.items():
        setattr(segment, name, value)
    if data.rule is not None and await _take(session, segment, data.rule, limits):
        run = await session.get(SegmentRun, (session.context.tenant_id, segment_id))
        for name, value in _from_the_start(data.rule, today).items():
            setattr(run, name, value)
    fields = audit.changed(session, segment, "changed")
    if fields:
        outbox.add(session, events.changed(segment, fields), sequence=segment.version)
    return segment


async def archive_segment(
    session: Session, segment_id: UUID, *, expected_version: int | None
) -> Segment:
    """Stop using a segment. Raises `SegmentIsArchived`."""
    segment = await require(
        session, Segment, segment_id, lock=True, expected_version=expected_version
    )
    segment.archive()
    fields = audit.changed(session, segment, "archived")
    outbox.add(session, events.archived(segment, fields), sequence=segment.version)
    return segment


async def install_defaults(session: Session, *, today: date, limits: Limits) -> SegmentDefaults:
    """Set up the segments of the texts where the tenant has none with their code (C7).

    What is there stays, whatever the tenant has made of it: to do it twice changes nothing.
    """
    tenant_id = session.context.tenant_id
    turn = func.hashtext(f"segments:{tenant_id}")  # two at once take turns
    await session.execute(select(func.pg_advisory_xact_lock(turn)))
    codes = select(Segment.code).where(Segment.tenant_id == tenant_id)
    present = set(await session.scalars(codes))
    segments = default_segments()
    for one in segments:
        if one.code not in present:
            await create_segment(session, one, today=today, limits=limits)
    return SegmentDefaults(
        installed=[one.code for one in segments if one.code not in present],
        kept=[one.code for one in segments if one.code in present],
    )


async def preview(session: Session, data: PreviewAsked, *, today: date, limits: Limits) -> Preview:
    """Return whom a rule means now, among those the caller sees. Raises `SegmentRuleInvalid`.

    It counts so far and no further: how long it takes does not grow with the matches.
    """
    checking.require_small(data.rule, deepest=limits.deepest, largest=limits.largest)
    types = await checking.require_sense(session, data.rule)
    tenant_id = session.context.tenant_id
    facts = compiler.facts_of_all(tenant_id)
    terms = compiler.Terms(facts, today, types)
    meant = select(facts.c.id).where(compiler.matching(data.rule, terms))
    counted = select(func.count()).select_from(meant.limit(limits.counted + 1).subquery())
    size = await session.scalar(counted) or 0
    sample = meant.add_columns(facts.c.name).order_by(facts.c.id).limit(data.sample)
    shown = await session.execute(sample) if data.sample and size else ()
    return Preview(
        size=min(size, limits.counted),
        more=size > limits.counted,
        sample=[PreviewedCustomer(id=id_, name=name) for id_, name in shown],
    )


async def put_on_list(session: Session, segment_id: UUID, data: ListChange) -> ListChanged:
    """Put customers on a list; those on it stay. Nobody or all are put on it.

    Raises `SegmentIsArchived`, `SegmentKeptByRule`, `UnknownCustomers`, `CustomerMerged`.
    """
    segment, customers = await _lock_list(session, segment_id, data)
    for customer in customers:
        customer.require_unmerged()
    before = await _members(session, segment, data.customer_ids)
    at, changed = session.context.now, []
    for customer in customers:
        member = before.get(customer.id)
        if member is None:
            member = SegmentMember(segment_id=segment.id, customer_id=customer.id)
            member.enter(at, SegmentReason.HAND)
            audit.created(session, member)
        elif member.enter(at, SegmentReason.HAND):
            audit.changed(session, member, "entered")
        else:
            continue
        changed.append(member)
    return _told(session, segment, data, changed, entered=True)


async def take_off_list(session: Session, segment_id: UUID, data: ListChange) -> ListChanged:
    """Take customers off a list; those not on it stay off.

    Raises `SegmentIsArchived`, `SegmentKeptByRule`, `UnknownCustomers`.
    """
    segment, _ = await _lock_list(session, segment_id, data)
    before = await _members(session, segment, data.customer_ids)
    changed = [
        member
        for _, member in sorted(before.items())
        if member.leave(session.context.now, SegmentReason.HAND)
    ]
    for member in changed:
        audit.changed(session, member, "left")
    return _told(session, segment, data, changed, entered=False)


async def list_segments(
    session: Session, filters: SegmentFilters
) -> tuple[list[SegmentRead], str | None, int | None]:
    """Return one page of the segments that match, the next cursor, and the count if asked."""
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Segment.id,
    )
    runs = await queries.runs_of(session, found)
    sizes = await queries.sizes_of(session, found)
    items = [SegmentRead.of(one, runs.get(one.id), sizes.get(one.id, 0)) for one in found]
    return items, cursor, count


async def show(session: Session, segment: Segment) -> SegmentRead:
    """Return a segment as the API shows it, with its size and how far it is calculated."""
    await session.flush()
    runs = await queries.runs_of(session, [segment])
    sizes = await queries.sizes_of(session, [segment])
    return SegmentRead.of(segment, runs.get(segment.id), sizes.get(segment.id, 0))


async def list_members(
    session: Session, segment_id: UUID, filters: MemberFilters
) -> tuple[list[SegmentMember], str | None, int | None]:
    """Return one page of the members that the caller sees. Raises `NotFound`."""
    await require(session, Segment, segment_id)
    return await paginate(
        session,
        queries.current(session.context.tenant_id, segment_id),
        filters,
        sort=filters.sort,
        columns=queries.MEMBER_COLUMNS,
        tie_breaker=SegmentMember.id,
    )


async def segments_of(session: Session, customer_id: UUID) -> SegmentsOfCustomer:
    """Return every segment a customer is in. Raises `NotFound`."""
    await require(session, Customer, customer_id)
    return SegmentsOfCustomer(
        items=[
            SegmentOfCustomer(
                segment_id=segment.id,
                code=segment.code,
                name_zh=segment.name_zh,
                name_en=segment.name_en,
                kind=SegmentKind(segment.kind),
                reason=SegmentReason(member.reason),
                entered_at=member.entered_at,
            )
            for segment, member in await queries.of_customer(session, customer_id)
        ]
    )


async def _take(
    session: Session, segment: Segment, rule: rules.Condition | None, limits: Limits
) -> bool:
    if rule is not None:
        checking.require_small(rule, deepest=limits.deepest, largest=limits.largest)
        await checking.require_sense(session, rule)
    return segment.take_rule(rule)


def _from_the_start(rule: rules.Condition, today: date) -> dict[str, object]:
    """Return the state of a run that has looked at nobody yet."""
    daily = bool(rules.boundaries(rule))
    return {
        "complete": False,
        "looked_to": None,
        "looked_at": 0,
        "daily": daily,
        "settled_on": today,
    }


async def _lock_list(
    session: Session, segment_id: UUID, data: ListChange
) -> tuple[Segment, list[Customer]]:
    segment = await require(session, Segment, segment_id, lock=True)
    segment.require_active()
    segment.require_list()
    customers = await queries.visible(session, data.customer_ids)
    missing = len(set(data.customer_ids)) - len(customers)
    if missing:
        raise UnknownCustomers(count=missing)
    return segment, customers


async def _members(
    session: Session, segment: Segment, customer_ids: list[UUID]
) -> dict[UUID, SegmentMember]:
    query = select(SegmentMember).where(
        SegmentMember.tenant_id == session.context.tenant_id,
        SegmentMember.segment_id == segment.id,
        SegmentMember.customer_id.in_(customer_ids),
    )
    return {one.customer_id: one for one in await session.scalars(query)}


def _told(
    session: Session,
    segment: Segment,
    data: ListChange,
    changed: list[SegmentMember],
    *,
    entered: bool,
) -> ListChanged:
    moved = [Moved(one.id, one.version, segment.id, one.customer_id) for one in changed]
    tell(session, {segment.id: segment}, moved, entered=entered, reason=SegmentReason.HAND)
    ids = {one.customer_id for one in changed}
    return ListChanged(changed=sorted(ids), unchanged=sorted(set(data.customer_ids) - ids))
