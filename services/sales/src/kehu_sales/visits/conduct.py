"""What can be done with a visit from the moment it begins: check-in, checklist, report, closing."""

from datetime import date, datetime, timedelta
from uuid import UUID

from kehu_kernel import audit, clock, outbox
from kehu_kernel.db import require
from kehu_kernel.session import Session
from kehu_sales.activities.models import Activity, ActivityKind
from kehu_sales.activities.service import keep_activity
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.moments import happened_at
from kehu_sales.opportunities.links import lock_if_open
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.tasks.models import Task, TaskStatus
from kehu_sales.tasks.service import keep_task
from kehu_sales.visit_policy.queries import policy_of
from kehu_sales.visits import events
from kehu_sales.visits.models import RefusalDegree, Visit
from kehu_sales.visits.recurring import stop_calling
from kehu_sales.visits.report_schemas import CheckIn, NextStep, Ticking, VisitReport

LONGEST_TOPIC = 200


async def check_in(
    session: Session, visit_id: UUID, data: CheckIn, *, expected_version: int | None
) -> Visit:
    """Arrive at the customer's. Raises `TimeInFuture`, `VisitNotInState`, `ConsentNeeded`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    position = data.position.model_dump() if data.position else {}
    visit.check_in(happened_at(data.at, session.context.now), position)
    fields = audit.changed(session, visit, "checked-in")
    outbox.add(session, events.checked_in(visit, fields), sequence=visit.version)
    return visit


async def finish(
    session: Session, visit_id: UUID, at: datetime | None, *, expected_version: int | None
) -> Visit:
    """Leave the customer. Raises `TimeInFuture`, `VisitNotInState`, `TimesReversed`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.finish(happened_at(at, session.context.now))
    return _record(session, visit, "finished")


async def tick(
    session: Session, visit_id: UUID, data: Ticking, *, expected_version: int | None
) -> Visit:
    """Tick items of the checklist. Raises `UnknownItem`, `VisitNotInState`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.tick(data.items, ticked=data.ticked)
    return _record(session, visit, "ticked")


async def tell_superior(
    session: Session, visit_id: UUID, *, zone: str, expected_version: int | None
) -> Visit:
    """Keep that the superior heard of the trip today. Raises `VisitNotInState`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.tell_superior(session.context.now, zone)
    return _record(session, visit, "superior-told")


async def set_next_step(
    session: Session, visit_id: UUID, data: NextStep, *, zone: str, expected_version: int | None
) -> Visit:
    """Say what comes next. Raises `VisitNotInState`, `NextStepInPast`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    visit.set_next_step(data.step, data.on, clock.today(session.context.now, zone))
    return _record(session, visit, "next-step-set")


async def report_visit(
    session: Session, visit_id: UUID, data: VisitReport, *, zone: str, expected_version: int | None
) -> Visit:
    """Hand in the report: the department head hears of it, and it counts as an activity.

    A firm refusal ends the calling of the customer, also what recurs; another one gives rise to a
    follow-up task. All of it in one transaction. Raises `VisitNotInState`, `NextStepInPast`.
    """
    if data.refusal is not None and data.refusal.degree == RefusalDegree.FIRM:
        await stop_calling(session, await require(session, Visit, visit_id))
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    today = clock.today(session.context.now, zone)
    visit.report(data.values(), session.context.now, today)
    known = await load_customers(session, [visit.customer_id])
    customer_id = survivor_of(known, visit.customer_id)
    opportunity = await lock_if_open(session, visit.opportunity_id)
    activity = _activity(visit, customer_id, opportunity, zone)
    if visit.held_by_id is not None:
        await session.see_all_rows()  # a leaver's contact may be out of the successor's sight
    keep_activity(session, activity)
    visit.activity_id = activity.id
    if visit.refusal_degree == RefusalDegree.NOT_FIRM:
        days = (await policy_of(session)).measure().follow_up_days
        task = _follow_up(visit, customer_id, today + timedelta(days=days))
        keep_task(session, task)
        visit.follow_up_task_id = task.id
    fields = audit.changed(session, visit, "reported")
    outbox.add(session, events.reported(visit, fields), sequence=visit.version)
    if visit.refusal_degree == RefusalDegree.FIRM:
        stopped = events.calling_stopped(visit, customer_id)
        outbox.add(session, stopped, sequence=visit.version)
    return visit


async def close_visit(session: Session, visit_id: UUID, *, expected_version: int | None) -> Visit:
    """Close a visit. Raises `VisitNotInState`, `ChecklistIncomplete`, `NextStepMissing`."""
    visit = await require(session, Visit, visit_id, lock=True, expected_version=expected_version)
    kind = (await policy_of(session)).type_of(visit.type_code)
    visit.close(kind.next_step, session.context.now)
    fields = audit.changed(session, visit, "closed")
    outbox.add(session, events.closed(visit, fields), sequence=visit.version)
    return visit


def _activity(
    visit: Visit, customer_id: UUID, opportunity: Opportunity | None, zone: str
) -> Activity:
    """Return the activity that a reported visit is, in the stage the opportunity is in now."""
    began = visit.checked_in_at or visit.starts_at
    return Activity(
        kind=ActivityKind.VISIT,
        topic=visit.purpose,
        content=visit.summary,
        opportunity_id=opportunity and opportunity.id,
        stage_code=opportunity and opportunity.stage_code,
        customer_id=customer_id,
        employee_id=visit.visitor_id,
        occurred_on=clock.today(began, zone),
        place=visit.place,
        minutes=visit.minutes or None,
        cost=visit.cost,
        currency=visit.currency,
    )


def _follow_up(visit: Visit, customer_id: UUID, otherwise: date) -> Task:
    """Return the task that keeps the door open after a refusal that is not firm (L2522)."""
    task = Task(
        topic=f"再访: {visit.next_step or visit.purpose}"[:LONGEST_TOPIC],
        customer_id=customer_id,
        status=TaskStatus.OPEN,
        due_on=visit.next_step_on or otherwise,
    )
    if visit.owner_id is not None:
        task.assign(visit.owner_id)
    return task


def _record(session: Session, visit: Visit, action: str) -> Visit:
    fields = audit.changed(session, visit, action)
    if fields:
        outbox.add(session, events.changed(visit, fields), sequence=visit.version)
    return visit
