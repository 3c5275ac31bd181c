"""Keeping who is in a dynamic segment right: after a change, after a new rule, after midnight (C7).

All three come to `settle`: it asks the database which of some customers fulfil some rules now, and
lets the difference to the present members enter and leave, with an event each. Segments are locked
meanwhile: shared by changes, exclusively by runs and by whoever changes the rule. So nothing is
decided by a rule that does not hold any more, and no older finding overwrites a newer one.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.types import Text

from kehu_customer.behaviour.queries import renew
from kehu_customer.customers.models import Customer
from kehu_customer.segments import compiler, events, queries
from kehu_customer.segments.changes import EVERYTHING
from kehu_customer.segments.checking import fields_of
from kehu_customer.segments.models import (
    Segment,
    SegmentChange,
    SegmentKind,
    SegmentReason,
    SegmentRun,
    SegmentState,
)
from kehu_customer.segments.queries import Moved, Pair
from kehu_customer.segments.rules import RULE, TODAY, Condition, boundaries
from kehu_kernel import outbox
from kehu_kernel.session import Session

Facts = Mapping[UUID, Collection[str]]
"""What changed, by customer."""
NOTHING: Facts = {}
TOGETHER = 50
"""Rules in one query: PostgreSQL has a greatest number of columns, and of nodes to plan at once."""

CLAIM = """
    DELETE FROM segment_changes WHERE (tenant_id, subject_id) IN (
        SELECT tenant_id, subject_id FROM segment_changes WHERE tenant_id = $1
        ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    RETURNING subject_id, facts
"""
OWNERS = """
    SELECT c.id AS subject_id, c.id AS customer_id FROM customers c
    WHERE c.tenant_id = $1 AND c.id = ANY($2::uuid[])
    UNION ALL
    SELECT p.id, p.customer_id FROM contacts p WHERE p.tenant_id = $1 AND p.id = ANY($2::uuid[])
    UNION ALL
    SELECT c.id, c.merged_into_id FROM customers c
    WHERE c.tenant_id = $1 AND c.id = ANY($2::uuid[]) AND c.merged_into_id IS NOT NULL
"""
"""Whose segments a note concerns: also the survivor's, of whom a merged record's events tell."""
HAND_ON = """
    SELECT m.segment_id, m.customer_id, c.merged_into_id FROM segment_members m
    JOIN customers c ON c.tenant_id = m.tenant_id AND c.id = m.customer_id
    JOIN segments s ON s.tenant_id = m.tenant_id AND s.id = m.segment_id
    WHERE m.tenant_id = $1 AND m.customer_id = ANY($2::uuid[]) AND m.left_at IS NULL
        AND c.merged_into_id IS NOT NULL AND s.kind = 'static' AND s.state = 'active'
    ORDER BY m.segment_id, m.customer_id
"""


async def settle_changes(session: Session, *, today: date, zone: str, limit: int) -> int:
    """Settle the segments of customers that changed; return how many were looked at.

    `today` is the business day in the time zone `zone`.

    What is noted about a customer meanwhile waits for this to be committed, and is settled next.
    """
    claimed = await session.fetch(CLAIM, session.context.tenant_id, limit)
    if not claimed:
        return 0
    facts = await _by_customer(session, {row["subject_id"]: row["facts"] for row in claimed})
    await renew(session, sorted(facts), zone)
    everything = [one for one, names in facts.items() if EVERYTHING in names]
    asked = None if everything else {name for names in facts.values() for name in names}
    segments = await queries.share_dynamic(session, asked)
    await settle(
        session, segments, sorted(facts), today=today, reason=SegmentReason.CHANGE, facts=facts
    )
    if everything:
        await _hand_on(session, everything)
    return len(claimed)


async def go_on_with_run(session: Session, segment_id: UUID, *, today: date, limit: int) -> int:
    """Settle the next customers for a segment whose rule is new; return how many.

    Repeating it after a crash goes on where the last commit ended.
    """
    segment = await _hold(session, segment_id)
    run = await session.get(SegmentRun, (session.context.tenant_id, segment_id))
    if segment is None or run is None or run.complete:
        return 0
    query = select(Customer.id).where(Customer.tenant_id == session.context.tenant_id)
    if run.looked_to is not None:
        query = query.where(Customer.id > run.looked_to)
    customer_ids = await session.scalars(query.order_by(Customer.id).limit(limit))
    await settle(
        session, [segment], customer_ids, today=today, reason=SegmentReason.RULE, facts=NOTHING
    )
    run.looked_at += len(customer_ids)
    run.looked_to = customer_ids[-1] if customer_ids else run.looked_to
    run.complete = len(customer_ids) < limit
    return max(len(customer_ids), 1)


async def note_new_day(session: Session, segment_id: UUID, *, today: date) -> int:
    """Note the customers for whom the days since then make a difference to a segment by now.

    Those are the customers whose day has come to one of the limits of the rule since it was settled
    last; nobody else is looked at. Return how many limits there are, at least 1.
    """
    segment = await _hold(session, segment_id)
    run = await session.get(SegmentRun, (session.context.tenant_id, segment_id))
    if segment is None or run is None or not run.complete or run.settled_on >= today:
        return 0
    limits = sorted(boundaries(rule_of(segment)))
    for fact, days in limits:
        ago = timedelta(days=days)
        concerned = crossed(session.context.tenant_id, fact, run.settled_on - ago, today - ago)
        await _note(session, concerned, TODAY + fact)
    run.settled_on = today
    return max(len(limits), 1)


def crossed(tenant_id: str, fact: str, after: date, until: date) -> Select[UUID]:
    """Return the query for the customers whose day lies after one day, and not after another."""
    facts = compiler.facts_of_all(tenant_id)
    day = compiler.day_of(fact, facts)
    return select(facts.c.id).where(day > after, day <= until).order_by(facts.c.id)


async def settle(
    session: Session,
    segments: Sequence[Segment],
    customer_ids: Sequence[UUID],
    *,
    today: date,
    reason: SegmentReason,
    facts: Facts,
) -> None:
    """Let these customers enter and leave these segments as the rules say of them now."""
    if not segments or not customer_ids:
        return
    fulfilled = await _fulfilled(session, segments, customer_ids, today)
    before = await queries.present(session, [one.id for one in segments], customer_ids)
    at = session.context.now
    entered = await queries.enter(session, fulfilled - before, at, reason)
    left = await queries.leave(session, before - fulfilled, at, reason)
    known = {one.id: one for one in segments}
    tell(session, known, entered, entered=True, reason=reason, facts=facts)
    tell(session, known, left, entered=False, reason=reason, facts=facts)


def tell(
    session: Session,
    segments: Mapping[UUID, Segment],
    moved: Sequence[Moved],
    *,
    entered: bool,
    reason: SegmentReason,
    facts: Facts = NOTHING,
) -> None:
    """Publish that customers entered segments, or left them."""
    for one in moved:
        segment = segments[one.segment_id]
        names = facts.get(one.customer_id, ())
        event = events.moved(
            segment,
            one.membership_id,
            one.customer_id,
            entered=entered,
            reason=reason,
            facts=sorted(name for name in names if name in segment.reads or name == EVERYTHING),
            at=session.context.now,
        )
        outbox.add(session, event, sequence=one.version)


def rule_of(segment: Segment) -> Condition:
    """Return the rule of a dynamic segment."""
    return RULE.validate_python(segment.rule)


async def _fulfilled(
    session: Session, segments: Sequence[Segment], customer_ids: Sequence[UUID], today: date
) -> set[Pair]:
    """Return which of the customers each rule means now."""
    rules = {one.id: rule_of(one) for one in segments}
    types = {code: one.type for code, one in (await fields_of(session, [*rules.values()])).items()}
    facts = compiler.facts_of_some(session.context.tenant_id, customer_ids)
    terms = compiler.Terms(facts, today, types)
    found: set[Pair] = set()
    for start in range(0, len(segments), TOGETHER):
        some = [one.id for one in segments[start : start + TOGETHER]]
        meant = [compiler.matching(rules[one], terms) for one in some]
        columns = [column.label(f"s{place}") for place, column in enumerate(meant)]
        query = select(facts.c.id, *columns).where(or_(*meant))
        for customer_id, *answers in await session.execute(query):
            found |= {(one, customer_id) for one, yes in zip(some, answers, strict=True) if yes}
    return found


async def _by_customer(session: Session, noted: Facts) -> dict[UUID, set[str]]:
    """Return what changed by customer, where some of it was noted by contact."""
    rows = await session.fetch(OWNERS, session.context.tenant_id, sorted(noted))
    facts: dict[UUID, set[str]] = {}
    for subject_id, customer_id in rows:
        facts.setdefault(customer_id, set()).update(noted[subject_id])
    return facts


async def _hold(session: Session, segment_id: UUID) -> Segment | None:
    """Return a dynamic segment in use, locked; None if it is none any more."""
    key = (session.context.tenant_id, segment_id)
    segment = await session.get(Segment, key, lock="FOR NO KEY UPDATE")
    if segment is None or segment.state != SegmentState.ACTIVE:
        return None
    return segment if segment.kind == SegmentKind.DYNAMIC else None


async def _note(session: Session, customers: Any, fact: str) -> None:
    new = customers.add_columns(
        literal(session.context.tenant_id), literal([fact], ARRAY(Text)), func.now()
    )
    note = upsert(SegmentChange).from_select(["subject_id", "tenant_id", "facts", "at"], new)
    both = note.excluded.facts + SegmentChange.facts
    await session.execute(
        note.on_conflict_do_update(index_elements=["tenant_id", "subject_id"], set_={"facts": both})
    )


async def _hand_on(session: Session, customer_ids: Sequence[UUID]) -> None:
    """Let the survivor of a merge take the place of the merged record on lists."""
    rows = await session.fetch(HAND_ON, session.context.tenant_id, list(customer_ids))
    if not rows:
        return
    ids = {row["segment_id"] for row in rows}
    found = select(Segment).where(
        Segment.tenant_id == session.context.tenant_id, Segment.id.in_(ids)
    )
    query = found.order_by(Segment.id).with_for_update(read=True)
    segments = {one.id: one for one in await session.scalars(query)}
    at = session.context.now
    new = {(row["segment_id"], row["merged_into_id"]) for row in rows}
    old = {(row["segment_id"], row["customer_id"]) for row in rows}
    entered = await queries.enter(session, new, at, SegmentReason.MERGE)
    left = await queries.leave(session, old, at, SegmentReason.MERGE)
    tell(session, segments, entered, entered=True, reason=SegmentReason.MERGE)
    tell(session, segments, left, entered=False, reason=SegmentReason.MERGE)
