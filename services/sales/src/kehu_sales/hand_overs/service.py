"""Keeping hand-overs, and handing over what a leaver holds: opportunities, evaluations, tasks.

What is closed stays as it is: it says who won it, and who did it.
"""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

import orjson
from sqlalchemy import or_, select

from kehu_contracts.ownership import HandOverCompleted, HandOverStarted
from kehu_kernel import audit, outbox
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.opportunities import events as opportunity_events
from kehu_sales.opportunities.models import Opportunity, Status
from kehu_sales.tasks import events as task_events
from kehu_sales.tasks.models import Task, TaskStatus

OPEN = (Status.NOT_EVALUATED, Status.IN_EVALUATION, Status.IN_PROGRESS)
KEEP_NEWEST = """
    INSERT INTO hand_over_refs AS known (tenant_id, id, employee_id, successor_id,
                                         successor_department_id, shares, sequence, done)
    SELECT tenant_id, id, employee_id, successor_id, department_id, shares::jsonb, sequence, false
    FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::int[])
        AS new (tenant_id, id, employee_id, successor_id, department_id, shares, sequence)
    ON CONFLICT (tenant_id, id) DO UPDATE SET sequence = excluded.sequence, done = false
        WHERE known.sequence < excluded.sequence
"""


async def record_hand_overs(session: Session, facts: Iterable[Fact]) -> None:
    """Keep what events say of hand-overs; the worker hands over what they concern here.

    It does so when one starts, and again when it is completed: by then nobody gives the leaver a
    customer any more. `session` is the worker's.
    """
    newest = {
        (envelope.tenant_id, event.hand_over_id): (event, envelope.sequence)
        for event, envelope in sorted(facts, key=lambda fact: fact.envelope.sequence)
        if isinstance(event, HandOverStarted | HandOverCompleted)
    }
    rows = [
        (
            tenant_id,
            hand_over_id,
            event.employee_id,
            event.successor_id,
            event.successor_department_id,
            orjson.dumps([share.model_dump(mode="json") for share in event.shares]).decode(),
            sequence,
        )
        for (tenant_id, hand_over_id), (event, sequence) in sorted(
            newest.items(), key=lambda item: item[0]
        )
    ]
    if rows:
        await session.fetch(KEEP_NEWEST, *zip(*rows, strict=True))


async def due(session: Session) -> list[tuple[str, UUID]]:
    """Return the hand-overs of all tenants that are not done, with their tenants."""
    found = await session.execute(
        select(HandOverRef.tenant_id, HandOverRef.id).where(HandOverRef.done.is_(False))
    )
    return [(tenant_id, hand_over_id) for tenant_id, hand_over_id in found]


async def move_batch(session: Session, hand_over_id: UUID, *, limit: int, today: date) -> int:
    """Hand over the next records of the leaver, and be done when none is left; return how many.

    Another worker that is at the same hand-over leaves nothing to do.
    """
    query = select(HandOverRef).where(
        HandOverRef.tenant_id == session.context.tenant_id,
        HandOverRef.id == hand_over_id,
        HandOverRef.done.is_(False),
    )
    hand_over = await session.scalar(query.with_for_update(skip_locked=True))
    if hand_over is None:
        return 0
    moved = await _move_opportunities(session, hand_over, limit, today)
    moved += await _move_tasks(session, hand_over, limit)
    hand_over.done = moved == 0
    return moved


async def _move_opportunities(
    session: Session, hand_over: HandOverRef, limit: int, today: date
) -> int:
    leaver = hand_over.employee_id
    query = (
        select(Opportunity)
        .where(
            Opportunity.tenant_id == session.context.tenant_id,
            Opportunity.status.in_(OPEN),
            or_(Opportunity.owner_id == leaver, Opportunity.evaluator_id == leaver),
        )
        .order_by(Opportunity.id)
        .limit(limit)
    )
    found = await session.scalars(query.with_for_update(key_share=True))
    for opportunity in found:
        owner_id, department_id = hand_over.successor_in(opportunity.department_id)
        opportunity.hand_over(leaver, owner_id, department_id, evaluator_id=hand_over.successor_id)
        fields = audit.changed(session, opportunity, "handed-over")
        event = opportunity_events.changed(opportunity, fields, today)
        outbox.add(session, event, sequence=opportunity.version)
    return len(found)


async def _move_tasks(session: Session, hand_over: HandOverRef, limit: int) -> int:
    query = (
        select(Task)
        .where(
            Task.tenant_id == session.context.tenant_id,
            Task.assignee_id == hand_over.employee_id,
            Task.status != TaskStatus.COMPLETED,
        )
        .order_by(Task.id)
        .limit(limit)
    )
    found = await session.scalars(query.with_for_update(key_share=True))
    for task in found:
        task.assign(hand_over.successor_id)
        fields = audit.changed(session, task, "assigned")
        outbox.add(session, task_events.assigned(task, fields), sequence=task.version)
    return len(found)
