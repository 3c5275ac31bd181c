"""The activity API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture, PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.activities import service
from kehu_sales.activities.errors import TaskOfAnother
from kehu_sales.activities.models import Activity
from kehu_sales.activities.schemas import ActivityCreate, ActivityFilters, ActivityRead
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.opportunities.errors import (
    AnotherCustomer,
    EvaluationHasFailed,
    OpportunityIsClosed,
    UnknownOpportunity,
)
from kehu_sales.tasks.errors import UnknownTask

routes = router("/v1/activities", "activities")
READ = requires("sales:activities:read")
WRITE = requires("sales:activities:write")


@routes.post(
    "",
    summary="Record an activity",
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
        UnknownTask,
        TaskOfAnother,
        DateInFuture,
        OutsideRowScope,
    ),
)
async def record_activity(
    data: ActivityCreate, session: Session, today: Today, response: Response
) -> ActivityRead:
    """Record a visit, call or other contact; it counts for the stage the opportunity is in now."""
    activity = await service.record_activity(session, data, today=today)
    response.headers["Location"] = f"/v1/activities/{activity.id}"
    return _answer(activity, response)


@routes.get("", summary="List activities", dependencies=[READ], responses=problems(PeriodReversed))
async def list_activities(
    session: Session, filters: Annotated[ActivityFilters, Query()]
) -> Page[ActivityRead]:
    """Activities that match all filters, a page at a time."""
    activities, cursor, count = await service.list_activities(session, filters)
    return Page(
        items=[ActivityRead.of(activity) for activity in activities],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{activity_id}", summary="Read an activity", dependencies=[READ])
async def read_activity(activity_id: UUID, session: Session, response: Response) -> ActivityRead:
    """One activity, with its ETag."""
    return _answer(await require(session, Activity, activity_id), response)


def _answer(activity: Activity, response: Response) -> ActivityRead:
    set_etag(response, activity)
    return ActivityRead.of(activity)
