"""What can be done with a task. One function per command; each runs in one transaction."""

from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.opportunities.links import link
from kehu_sales.tasks import events, queries
from kehu_sales.tasks.models import Task, TaskStatus
from kehu_sales.tasks.schemas import TaskAssignment, TaskCompletion, TaskCreate, TaskFilters


async def create_task(session: Session, data: TaskCreate) -> Task:
    """Give out a task, in the stage its opportunity is in now. Raises what `link` raises."""
    subject = await link(session, data.opportunity_id, data.customer_id)
    task = Task(
        topic=data.topic,
        content=data.content,
        opportunity_id=data.opportunity_id,
        stage_code=subject.stage_code,
        customer_id=subject.customer_id,
        status=TaskStatus.OPEN,
        due_on=data.due_on,
    )
    if data.assignee_id is not None:
        task.assign(data.assignee_id)
    audit.created(session, task)
    outbox.add(session, events.created(task), sequence=task.version)
    return task


async def assign_task(
    session: Session, task_id: UUID, data: TaskAssignment, *, expected_version: int | None
) -> Task:
    """Give the task to an employee. Raises `TaskIsCompleted`.

    Assigning it to the employee who has it changes nothing.
    """
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    task.assign(data.assignee_id)
    await session.see_all_rows()  # what one has one may give away, also out of sight
    fields = audit.changed(session, task, "assigned")
    if fields:
        outbox.add(session, events.assigned(task, fields), sequence=task.version)
    return task


async def complete_task(
    session: Session,
    task_id: UUID,
    data: TaskCompletion,
    *,
    today: date,
    expected_version: int | None,
) -> Task:
    """Complete the task. Raises `DateInFuture`, or what `Task.complete` raises."""
    task = await require(session, Task, task_id, lock=True, expected_version=expected_version)
    finished_on = business_day.happened(data.finished_on, today)
    task.complete(data.started_on, finished_on)
    fields = audit.changed(session, task, "completed")
    outbox.add(session, events.completed(task, fields), sequence=task.version)
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
