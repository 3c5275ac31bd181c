"""The task API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.tasks import service
from kehu_sales.tasks.errors import TaskIsCompleted, TaskNotAssigned
from kehu_sales.tasks.models import Task
from kehu_sales.tasks.schemas import (
    TaskAssignment,
    TaskCompletion,
    TaskCreate,
    TaskFilters,
    TaskRead,
)

routes = router("/v1/tasks", "tasks")
READ = requires("sales:tasks:read")
WRITE = requires("sales:tasks:write")


@routes.post(
    "",
    summary="Create a task",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownOpportunity,
        OpportunityIsClosed,
        EvaluationHasFailed,
        AnotherCustomer,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        OutsideRowScope,
    ),
)
async def create_task(data: TaskCreate, session: Session, response: Response) -> TaskRead:
    """Give out a task. It counts for the stage the opportunity is in now, once it is completed."""
    task = await service.create_task(session, data)
    response.headers["Location"] = f"/v1/tasks/{task.id}"
    return _answer(task, response)


@routes.get("", summary="List tasks", dependencies=[READ])
async def list_tasks(session: Session, filters: Annotated[TaskFilters, Query()]) -> Page[TaskRead]:
    """Tasks that match all filters, a page at a time."""
    tasks, cursor, count = await service.list_tasks(session, filters)
    return Page(items=[TaskRead.of(task) for task in tasks], next_cursor=cursor, count=count)


@routes.get("/{task_id}", summary="Read a task", dependencies=[READ])
async def read_task(task_id: UUID, session: Session, response: Response) -> TaskRead:
    """One task, with its ETag."""
    return _answer(await require(session, Task, task_id), response)


@routes.post(
    "/{task_id}/assign",
    summary="Assign a task",
    dependencies=[WRITE],
    responses=problems(TaskIsCompleted),
)
async def assign_task(
    task_id: UUID,
    data: TaskAssignment,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> TaskRead:
    """Give the task to an employee, perhaps another one; it is in progress from then on."""
    task = await service.assign_task(session, task_id, data, expected_version=version)
    return _answer(task, response)


@routes.post(
    "/{task_id}/complete",
    summary="Complete a task",
    dependencies=[WRITE],
    responses=problems(TaskIsCompleted, TaskNotAssigned, DateInFuture, DateBeforePrevious),
)
async def complete_task(
    task_id: UUID,
    data: TaskCompletion,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> TaskRead:
    """Complete the task, with its actual start and its actual end. This is final."""
    task = await service.complete_task(
        session, task_id, data, today=today, expected_version=version
    )
    return _answer(task, response)


def _answer(task: Task, response: Response) -> TaskRead:
    set_etag(response, task)
    return TaskRead.of(task)
