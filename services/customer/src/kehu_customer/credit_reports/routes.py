"""The credit report API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit_policy.errors import ReportMonthsOutOfRange
from kehu_customer.credit_reports import service
from kehu_customer.credit_reports.errors import AgencyMissing
from kehu_customer.credit_reports.models import CreditReport
from kehu_customer.credit_reports.schemas import (
    CreditReportCreate,
    CreditReportFilters,
    CreditReportRead,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/credit-reports", "credit reports")
READ = requires("customer:credit:read")
WRITE = requires("customer:credit:write")


@routes.post(
    "",
    summary="Create a credit report",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer, CustomerHasEnded, DateInFuture, ReportMonthsOutOfRange, AgencyMissing
    ),
)
async def record_report(
    data: CreditReportCreate, session: Session, today: Today, response: Response
) -> CreditReportRead:
    """Enter what an investigation found out; it settles the customer's open investigation."""
    report = await service.record_report(session, data, today=today)
    response.headers["Location"] = f"/v1/credit-reports/{report.id}"
    return _answer(report, response)


@routes.get("", summary="List credit reports", dependencies=[READ])
async def list_reports(
    session: Session, filters: Annotated[CreditReportFilters, Query()]
) -> Page[CreditReportRead]:
    """Reports that match all filters, a page at a time; the whole history."""
    reports, cursor, count = await service.list_reports(session, filters)
    return Page(
        items=[CreditReportRead.of(report) for report in reports], next_cursor=cursor, count=count
    )


@routes.get("/{credit_report_id}", summary="Read a credit report", dependencies=[READ])
async def read_report(
    credit_report_id: UUID, session: Session, response: Response
) -> CreditReportRead:
    """One report, with its ETag."""
    return _answer(await require(session, CreditReport, credit_report_id), response)


def _answer(report: CreditReport, response: Response) -> CreditReportRead:
    set_etag(response, report)
    return CreditReportRead.of(report)
