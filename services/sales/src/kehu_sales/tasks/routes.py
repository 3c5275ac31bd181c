"""The task API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import (
    ExpectedVersion,
    OptionalVersion,
    Session,
    Today,
    router,
    set_etag,
)
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.calendar.errors import CalendarClash
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.directory.errors import STAFF, EmployeeHasLeft, UnknownEmployee
from kehu_sales.moments import OutOfOurTimes, TimesReversed
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.projects.errors import ProjectNotReady, UnknownProject, UnknownProjectStage
from kehu_sales.tasks import service
from kehu_sales.tasks.errors import (
    TaskIsCancelled,
    TaskIsCompleted,
    TaskNeedsDay,
    TaskNotAssigned,
    TaskOfNoProject,
    TaskTimesIncomplete,
    WeekdaysOfWeeks,
)
from kehu_sales.tasks.models import Task
from kehu_sales.tasks.schemas import (
    TaskAssignment,
    TaskCancellation,
    TaskCompletion,
    TaskCreate,
    TaskDetail,
    TaskFilters,
    TaskRead,
    TaskUpdate,
)
from kehu_sales.zone import Zone

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
        *STAFF,
        OutsideRowScope,
        TaskTimesIncomplete,
        TaskNeedsDay,
        TimesReversed,
        PeriodReversed,
        WeekdaysOfWeeks,
        OutOfOurTimes,
        CalendarClash,
        TaskOfNoProject,
        UnknownProject,
        UnknownProjectStage,
        ProjectNotReady,
    ),
)
async def create_task(
    data: TaskCreate, session: Session, zone: Zone, response: Response
) -> TaskDetail:
    """Give out a task. It counts for the stage the opportunity is in now, once it is completed."""
    task = await service.create_task(session, data, zone=zone)
    response.headers["Location"] = f"/v1/tasks/{task.id}"
    return await _answer(session, task, zone, response)


@routes.get("", summary="List tasks", dependencies=[READ])
async def list_tasks(session: Session, filters: Annotated[TaskFilters, Query()]) -> Page[TaskRead]:
    """Tasks that match all filters, a page at a time."""
    tasks, cursor, count = await service.list_tasks(session, filters)
    return Page(items=[TaskRead.of(task) for task in tasks], next_cursor=cursor, count=count)


@routes.get("/{task_id}", summary="Read a task", dependencies=[READ])
async def read_task(task_id: UUID, session: Session, zone: Zone, response: Response) -> TaskDetail:
    """One task with what it clashes with, and its ETag."""
    return await _answer(session, await require(session, Task, task_id), zone, response)


@routes.patch(
    "/{task_id}",
    summary="Change a task",
    dependencies=[WRITE],
    responses=problems(
        TaskIsCompleted,
        TaskIsCancelled,
        TaskTimesIncomplete,
        TaskNeedsDay,
        TimesReversed,
        OutOfOurTimes,
        CalendarClash,
    ),
)
async def change_task(
    task_id: UUID,
    data: TaskUpdate,
    session: Session,
    version: ExpectedVersion,
    zone: Zone,
    response: Response,
) -> TaskDetail:
    """Change what is to be done, and when. Of a series it changes this one and what follows it."""
    task = await service.change_task(session, task_id, data, zone=zone, expected_version=version)
    return await _answer(session, task, zone, response)


@routes.post(
    "/{task_id}/cancel",
    summary="Cancel a task",
    dependencies=[WRITE],
    responses=problems(TaskIsCompleted, TaskIsCancelled),
)
async def cancel_task(
    task_id: UUID,
    data: TaskCancellation,
    session: Session,
    today: Today,
    zone: Zone,
    version: OptionalVersion,
    response: Response,
) -> TaskDetail:
    """Call the task off. This is final; one that repeats goes on unless the series ends too."""
    task = await service.cancel_task(
        session, task_id, data, today=today, zone=zone, expected_version=version
    )
    return await _answer(session, task, zone, response)


@routes.post(
    "/{task_id}/assign",
    summary="Assign a task",
    dependencies=[WRITE],
    responses=problems(TaskIsCompleted, TaskIsCancelled, UnknownEmployee, EmployeeHasLeft),
)
async def assign_task(
    task_id: UUID,
    data: TaskAssignment,
    session: Session,
    version: OptionalVersion,
    zone: Zone,
    response: Response,
) -> TaskDetail:
    """Give the task to an employee, perhaps another one; it is in progress from then on."""
    task = await service.assign_task(session, task_id, data, expected_version=version)
    return await _answer(session, task, zone, response)


@routes.post(
    "/{task_id}/complete",
    summary="Complete a task",
    dependencies=[WRITE],
    responses=problems(
        TaskIsCompleted, TaskIsCancelled, TaskNotAssigned, DateInFuture, DateBeforePrevious
    ),
)
async def complete_task(
    task_id: UUID,
    data: TaskCompletion,
    session: Session,
    today: Today,
    zone: Zone,
    version: OptionalVersion,
    response: Response,
) -> TaskDetail:
    """Complete the task, with its actual start and its actual end. This is final."""
    task = await service.complete_task(
        session, task_id, data, today=today, zone=zone, expected_version=version
    )
    return await _answer(session, task, zone, response)


async def _answer(session: Session, task: Task, zone: str, response: Response) -> TaskDetail:
    found = await service.clashes(session, task, zone)
    set_etag(response, task)
    return TaskDetail.told(task, found)
