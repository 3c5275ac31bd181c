"""The API of reasons of winning and losing."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import PeriodReversed
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.close_reasons import service
from kehu_sales.close_reasons.errors import CloseReasonTaken
from kehu_sales.close_reasons.models import CloseReason
from kehu_sales.close_reasons.schemas import (
    CloseReasonCreate,
    CloseReasonFilters,
    CloseReasonRead,
    CloseReasonUpdate,
    ReasonReport,
    ReasonReportQuery,
)

routes = router("/v1/close-reasons", "close-reasons")
reports = router("/v1/close-reason-report", "close-reasons")
READ = requires("sales:close-reasons:read")
WRITE = requires("sales:close-reasons:write")


@routes.post(
    "",
    summary="Add a reason of winning or losing",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(CloseReasonTaken),
)
async def create_close_reason(
    data: CloseReasonCreate, session: Session, response: Response
) -> CloseReasonRead:
    """Add a reason to the tenant's list."""
    reason = await service.create_reason(session, data)
    response.headers["Location"] = f"/v1/close-reasons/{reason.id}"
    return _answer(reason, response)


@routes.get("", summary="List reasons of winning and losing", dependencies=[READ])
async def list_close_reasons(
    session: Session, filters: Annotated[CloseReasonFilters, Query()]
) -> Page[CloseReasonRead]:
    """Reasons that match all filters, a page at a time."""
    found, cursor, count = await service.list_reasons(session, filters)
    return Page(items=[CloseReasonRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{reason_id}", summary="Read a reason", dependencies=[READ])
async def read_close_reason(
    reason_id: UUID, session: Session, response: Response
) -> CloseReasonRead:
    """One reason with its ETag."""
    return _answer(await require(session, CloseReason, reason_id), response)


@routes.patch("/{reason_id}", summary="Change a reason", dependencies=[WRITE])
async def change_close_reason(
    reason_id: UUID,
    data: CloseReasonUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> CloseReasonRead:
    """Rename a reason, or take it out of use."""
    reason = await service.change_reason(session, reason_id, data, expected_version=version)
    return _answer(reason, response)


@reports.get(
    "",
    summary="Tell why we win and lose",
    dependencies=[READ],
    responses=problems(PeriodReversed),
)
async def report_close_reasons(
    session: Session, asked: Annotated[ReasonReportQuery, Query()]
) -> ReasonReport:
    """Numbers and amounts per reason and currency, of the opportunities the caller sees."""
    return ReasonReport(items=await service.report(session, asked))


def _answer(reason: CloseReason, response: Response) -> CloseReasonRead:
    set_etag(response, reason)
    return CloseReasonRead.of(reason)
