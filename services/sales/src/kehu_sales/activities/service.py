"""What can be done with an activity: it is recorded, and read."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.activities import events, queries
from kehu_sales.activities.errors import TaskOfAnother
from kehu_sales.activities.models import Activity
from kehu_sales.activities.schemas import ActivityCreate, ActivityFilters
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.opportunities.links import Subject, link
from kehu_sales.tasks.errors import UnknownTask
from kehu_sales.tasks.models import Task


async def record_activity(session: Session, data: ActivityCreate, *, today: date) -> Activity:
    """Record a contact, in the stage its opportunity is in now, or that of the task it is for.

    Raises `DateInFuture`, `UnknownTask`, `TaskOfAnother`, or what `link` raises.
    """
    opportunity_id = data.opportunity_id
    if data.task_id is not None:
        opportunity_id, subject = await _of_task(session, data.task_id, data)
    else:
        subject = await link(session, opportunity_id, data.customer_id)
    activity = Activity(
        kind=data.kind,
        topic=data.topic,
        content=data.content,
        opportunity_id=opportunity_id,
        stage_code=subject.stage_code,
        customer_id=subject.customer_id,
        task_id=data.task_id,
        employee_id=data.employee_id or session.context.employee_id,
        occurred_on=business_day.happened(data.on, today),
        place=data.place,
        minutes=data.minutes,
        cost=data.cost and data.cost.amount,
        currency=data.cost and data.cost.currency,
    )
    keep_activity(session, activity)
    return activity


async def _of_task(
    session: Session, task_id: UUID, data: ActivityCreate
) -> tuple[UUID | None, Subject]:
    """Return the opportunity, the customer and the stage of what was done for a task.

    They are the task's, if the activity names no other ones. Raises `UnknownTask`, `TaskOfAnother`,
    or what `link` raises.
    """
    task = await session.get(Task, (session.context.tenant_id, task_id))
    if task is None:
        raise UnknownTask(id=task_id)
    opportunity_id, named, theirs = data.opportunity_id, data.customer_id, task.customer_id
    known = await load_customers(session, {one for one in (named, theirs) if one})
    if named and theirs and survivor_of(known, named) != survivor_of(known, theirs):
        raise TaskOfAnother
    if opportunity_id and task.opportunity_id not in (None, opportunity_id):
        raise TaskOfAnother
    opportunity_id = opportunity_id or task.opportunity_id
    if named is None and opportunity_id is None and theirs is not None:
        named = survivor_of(known, theirs)
    if data.opportunity_id is None and opportunity_id is not None:
        await session.see_all_rows()  # who has the task need not see the opportunity
    subject = await link(session, opportunity_id, named)
    await session.see_rows_in_scope()
    if theirs and subject.customer_id:
        known = await load_customers(session, {theirs, subject.customer_id})
        if survivor_of(known, theirs) != survivor_of(known, subject.customer_id):
            raise TaskOfAnother  # of the opportunity that the activity names
    if task.opportunity_id is not None:
        subject = replace(subject, stage_code=task.stage_code)
    return opportunity_id, subject


def keep_activity(session: Session, activity: Activity) -> None:
    """Keep a new activity, and tell of it."""
    audit.created(session, activity)
    outbox.add(session, events.recorded(activity), sequence=activity.version)


async def list_activities(
    session: Session, filters: ActivityFilters
) -> tuple[list[Activity], str | None, int | None]:
    """Return one page of the activities that match, the next cursor, and the count if asked.

    Raises `PeriodReversed`.
    """
    business_day.period(filters.occurred_from, filters.occurred_to)
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Activity.id,
    )
