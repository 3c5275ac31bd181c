"""What can be done with a task. One function per command; each runs in one transaction."""

from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, clock, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.calendar.clashes import Clash, clashes_of, refuse, take_turns
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.directory.service import require_staff
from kehu_sales.moments import FIRST_YEAR, LAST_YEAR
from kehu_sales.opportunities.links import Subject, link, lock_if_open
from kehu_sales.projects.links import link_project, lock_project_if_open
from kehu_sales.tasks import events, queries
from kehu_sales.tasks.errors import TaskNeedsDay, TaskOfNoProject
from kehu_sales.tasks.models import TO_DO, Task, TaskStatus
from kehu_sales.tasks.recurrence import Recurrence, on_day
from kehu_sales.tasks.schemas import (
    TaskAssignment,
    TaskCancellation,
    TaskCompletion,
    TaskCreate,
    TaskFilters,
    TaskUpdate,
)

WHEN = ("due_on", "starts_at", "ends_at", "remind_minutes")


async def create_task(session: Session, data: TaskCreate, *, zone: str) -> Task:
    """Give out a task, in the stage its opportunity is in now.

    Raises `PeriodReversed`, `WeekdaysOfWeeks`, `CalendarClash` if asked to, or what
    `require_staff`, `link`, `link_project` and `Task.plan` raise.
    """
    await require_staff(session, [data.assignee_id], data.department_id)
    subject = await _subject_of(session, data)
    task = Task(
        id=ids.new_id(),
        topic=data.topic,
        content=data.content,
        opportunity_id=data.opportunity_id,
        stage_code=subject.stage_code,
        customer_id=subject.customer_id,
        project_id=data.project_id,
        mandatory=data.mandatory,
        percent=0,
        status=TaskStatus.OPEN,
        department_id=data.department_id,
    )
    task.plan(**{name: getattr(data, name) for name in WHEN})
    if data.assignee_id is not None:
        task.assign(data.assignee_id)
    if data.recurrence is not None:
        starts_on = data.starts_at and clock.today(data.starts_at, zone)
        first = data.due_on or starts_on
        if first is None or not FIRST_YEAR < first.year < LAST_YEAR:
            raise TaskNeedsDay
        task.repeat(data.recurrence.recurrence(first))
    if data.refuse_clashes:
        await _refuse_clashes(session, task, zone)
    keep_task(session, task)
    return task


async def _subject_of(session: Session, data: TaskCreate) -> Subject:
    if data.project_id is None:
        if data.stage_code is not None or data.mandatory:
            raise TaskOfNoProject
        return await link(session, data.opportunity_id, data.customer_id)
    if data.opportunity_id is not None:
        raise TaskOfNoProject
    return await link_project(session, data.project_id, data.customer_id, data.stage_code)


def keep_task(session: Session, task: Task) -> None:
    """Keep a new task, and tell of it."""
    audit.created(session, task)
    outbox.add(session, events.created(task), sequence=task.version)


async def change_task(
    session: Session, task_id: UUID, data: TaskUpdate, *, zone: str, expected_version: int
) -> Task:
    """Change what is to be done, and when.

    Raises `CalendarClash` if asked to, or what `Task.plan` raises.
    """
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    task.require_to_do()
    given = data.given()
    refuses = given.pop("refuse_clashes", False)
    for name in given.keys() & {"topic", "content", "percent"}:
        setattr(task, name, given[name])
    task.plan(**{name: given.get(name, getattr(task, name)) for name in WHEN})  # type: ignore[arg-type]
    if refuses:
        await _refuse_clashes(session, task, zone)
    fields = audit.changed(session, task, "changed")
    if fields:
        outbox.add(session, events.changed(task, fields), sequence=task.version)
    return task


async def assign_task(
    session: Session, task_id: UUID, data: TaskAssignment, *, expected_version: int | None
) -> Task:
    """Give the task to an employee.

    Assigning it to the employee who has it changes nothing. Raises `TaskIsCompleted`,
    `TaskIsCancelled`, or what `require_staff` raises.
    """
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    if data.assignee_id != task.assignee_id:
        await require_staff(session, [data.assignee_id])
    task.assign(data.assignee_id)
    await session.see_all_rows()  # what one has one may give away, also out of sight
    fields = audit.changed(session, task, "assigned")
    if fields:
        outbox.add(session, events.assigned(task, fields), sequence=task.version)
    await session.flush()
    await session.see_rows_in_scope()
    return task


async def complete_task(
    session: Session,
    task_id: UUID,
    data: TaskCompletion,
    *,
    today: date,
    zone: str,
    expected_version: int | None,
) -> Task:
    """Complete the task; one that repeats has its next one made.

    Raises `DateInFuture`, or what `Task.complete` raises.
    """
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    finished_on = business_day.happened(data.finished_on, today)
    task.complete(data.started_on, finished_on)
    fields = audit.changed(session, task, "completed")
    outbox.add(session, events.completed(task, fields), sequence=task.version)
    await _go_on_with_series(session, task, today, zone)
    return task


async def cancel_task(
    session: Session,
    task_id: UUID,
    data: TaskCancellation,
    *,
    today: date,
    zone: str,
    expected_version: int | None,
) -> Task:
    """Call the task off, and perhaps the series. Raises `TaskIsCompleted`, `TaskIsCancelled`."""
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    task.cancel(data.reason)
    audit.changed(session, task, "cancelled")
    outbox.add(session, events.cancelled(task), sequence=task.version)
    if not data.end_series:
        await _go_on_with_series(session, task, today, zone)
    return task


async def list_tasks(
    session: Session, filters: TaskFilters
) -> tuple[list[Task], str | None, int | None]:
    """Return one page of the tasks that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Task.id,
    )


async def clashes(session: Session, task: Task, zone: str) -> list[Clash]:
    """Return what else the assignee has to do at the time of a task that is to do."""
    if task.status not in TO_DO:
        return []
    return await clashes_of(
        session, [task.assignee_id], task.starts_at, task.ends_at, besides=task.id, zone=zone
    )


async def _refuse_clashes(session: Session, task: Task, zone: str) -> None:
    await take_turns(session, [task.assignee_id])
    refuse(await clashes(session, task, zone))


async def _go_on_with_series(session: Session, done: Task, today: date, zone: str) -> None:
    """Make the next task of a series, if there is one.

    The database holds one task for a day of a series. The opportunity goes along while it is open.
    """
    if done.recurrence is None or done.series_day is None:
        return
    day = Recurrence.of(done.recurrence).following(done.series_day, not_before=today)
    if day is None:
        return
    opportunity = await lock_if_open(session, done.opportunity_id)
    await session.see_all_rows()  # the assignee need not be in the project's team
    project = await lock_project_if_open(session, done.project_id)
    await session.see_rows_in_scope()
    stage_code = opportunity.stage_code if opportunity else project and done.stage_code
    known = await load_customers(session, [done.customer_id] if done.customer_id else [])
    task = Task(
        topic=done.topic,
        content=done.content,
        opportunity_id=opportunity and opportunity.id,
        stage_code=stage_code,
        customer_id=done.customer_id and survivor_of(known, done.customer_id),
        status=TaskStatus.OPEN,
        department_id=done.department_id,
        recurrence=done.recurrence,
        series_id=done.series_id,
        series_day=day,
        project_id=project and project.id,
        mandatory=done.mandatory and project is not None,
        percent=0,
    )
    length = done.ends_at - done.starts_at if done.ends_at and done.starts_at else None
    starts_at = on_day(done.starts_at, day, zone)
    task.plan(
        due_on=done.due_on and day,
        starts_at=starts_at,
        ends_at=starts_at + length if starts_at and length else None,
        remind_minutes=done.remind_minutes,
    )
    if done.assignee_id is not None:
        task.assign(done.assignee_id)
    keep_task(session, task)
