"""The API of hand-overs."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.departments.errors import UnknownDepartment
from kehu_customer.hand_overs import service
from kehu_customer.hand_overs.errors import (
    HandOverRunning,
    HandOversCross,
    SuccessorUnfit,
    UnknownLeaver,
)
from kehu_customer.hand_overs.models import HandOver
from kehu_customer.hand_overs.schemas import HandOverCreate, HandOverFilters, HandOverRead
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/hand-overs", "ownership")
READ = requires("customer:hand-overs:read")
WRITE = requires("customer:hand-overs:write")


@routes.post(
    "",
    summary="Hand over everything of a leaver",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(
        UnknownLeaver,
        OutsideRowScope,
        SuccessorUnfit,
        UnknownDepartment,
        HandOverRunning,
        HandOversCross,
    ),
)
async def start_hand_over(
    data: HandOverCreate, session: Session, response: Response
) -> HandOverRead:
    """Give all customers of an employee to successors, also former ones, as one job.

    A caller with a row scope must see all of them. Sales and marketing hand over what they hold of
    the leaver when they hear of it.
    The report of each customer is `/v1/owner-changes?hand_over_id=`.
    """
    hand_over = await service.start_hand_over(session, data)
    response.headers["Location"] = f"/v1/hand-overs/{hand_over.id}"
    set_etag(response, hand_over)
    return HandOverRead.of(hand_over, moved=0, left=hand_over.expected)


@routes.get("", summary="List hand-overs", dependencies=[READ])
async def list_hand_overs(
    session: Session, filters: Annotated[HandOverFilters, Query()]
) -> Page[HandOverRead]:
    """Hand-overs that match all filters, a page at a time, newest first."""
    items, cursor, count = await service.list_hand_overs(session, filters)
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{hand_over_id}", summary="Read a hand-over", dependencies=[READ])
async def read_hand_over(hand_over_id: UUID, session: Session, response: Response) -> HandOverRead:
    """One hand-over: how many customers it has moved, and how many are left."""
    hand_over = await require(session, HandOver, hand_over_id)
    set_etag(response, hand_over)
    return await service.show(session, hand_over)
