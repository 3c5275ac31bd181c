"""Into the reserve pool and out of it. Each command runs in one transaction."""

from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_sales.assignment import service as assignment
from kehu_sales.collisions import entry
from kehu_sales.collisions.models import Collision
from kehu_sales.directory.service import department_of, require_staff
from kehu_sales.forecasts.service import take_back
from kehu_sales.opportunities import events
from kehu_sales.opportunities.history import POOLED, TAKEN_UP, PoolMove
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.queries import pool_moves_of
from kehu_sales.pool.schemas import PoolReturn, PoolTakeUp


async def return_to_pool(
    session: Session,
    opportunity_id: UUID,
    data: PoolReturn,
    *,
    today: date,
    expected_version: int | None = None,
) -> Opportunity:
    """Put it into the pool; what it had been is kept in the history.

    Raises `DateInFuture`, or what `Opportunity.return_to_pool` raises.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    on = business_day.happened(data.on, today)
    move = _move(session, opportunity, POOLED, on, data.reason)
    former = opportunity.status
    opportunity.return_to_pool(on)
    session.add(move)
    fields = audit.changed(session, opportunity, "pooled", reason=(None, data.reason))
    event = events.pooled(opportunity, fields, reason=data.reason, former_status=former)
    outbox.add(session, event, sequence=opportunity.version)
    await take_back(session, opportunity.id)
    return opportunity


async def take_up(
    session: Session,
    opportunity_id: UUID,
    data: PoolTakeUp,
    *,
    today: date,
    expected_version: int | None = None,
    allowed_collision: str | None = None,
) -> tuple[Opportunity, list[Collision]]:
    """Take it up for an owner. Return what it collides with.

    The rules of assignment find the owner if none is named. Raises `DateInFuture`,
    `OpportunityCollides`, `NobodyToAssign`, or what `Opportunity.take_up` and `require_staff`
    raise.
    """
    opportunity = await require(
        session, Opportunity, opportunity_id, lock=True, expected_version=expected_version
    )
    await require_staff(session, [data.owner_id], data.department_id)
    on = business_day.happened(data.on, today)
    owner_id, choice = data.owner_id, None
    department_id = data.department_id or await department_of(session, owner_id)
    if owner_id is None:
        opportunity.require_pooled()
        choice = await assignment.find(session, opportunity, today=today)
        if choice.person is not None:
            owner_id, department_id = choice.person.employee_id, choice.person.department_id
    move = _move(session, opportunity, TAKEN_UP, on, data.reason)
    opportunity.take_up(on, owner_id, department_id)
    move.owner_id = owner_id
    found = await entry.enter(session, opportunity, today=today, allowed=allowed_collision)
    session.add(move)
    fields = audit.changed(session, opportunity, "taken-up", reason=(None, data.reason))
    event = events.taken_up(opportunity, fields, reason=data.reason)
    outbox.add(session, event, sequence=opportunity.version)
    if choice is not None:
        await session.see_all_rows()  # it may have left the caller's sight
        await session.flush()
        await assignment.keep(session, opportunity, choice, today=today)
    return opportunity, found


async def list_moves(session: Session, opportunity_id: UUID) -> list[PoolMove]:
    """Return every way of the opportunity into the pool and out of it, oldest first."""
    await require(session, Opportunity, opportunity_id)
    return await pool_moves_of(session, opportunity_id)


def _move(
    session: Session, opportunity: Opportunity, move: str, on: date, reason: str | None
) -> PoolMove:
    """Return the move of an opportunity as it still stands."""
    return PoolMove(
        opportunity_id=opportunity.id,
        opportunity_version=opportunity.version + 1,
        move=move,
        moved_on=on,
        reason=reason,
        status=opportunity.status,
        stage_code=opportunity.stage_code,
        owner_id=opportunity.owner_id,
        closed_on=opportunity.closed_on,
        closed_by=opportunity.closed_by,
        close_reason=opportunity.close_reason,
        competitor=opportunity.competitor,
        moved_by=session.context.actor,
        moved_at=session.context.now,
    )
