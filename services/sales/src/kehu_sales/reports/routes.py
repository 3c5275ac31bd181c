"""The API of reporting opportunities."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.http import CurrentActor, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_sales.methods.errors import NoDefaultMethod
from kehu_sales.opportunities.routes import Currency
from kehu_sales.reports import service
from kehu_sales.reports.errors import ReporterNeeded
from kehu_sales.reports.schemas import OpportunityReport, ReportFilters, ReportRead

routes = router("/v1/opportunity-reports", "opportunity-reports")
REPORT = requires("sales:opportunities:report")


@routes.post(
    "",
    summary="Report an opportunity",
    status_code=status.HTTP_201_CREATED,
    dependencies=[REPORT],
    responses=problems(
        ReporterNeeded, UnknownCustomer, CustomerMerged, CustomerHasEnded, NoDefaultMethod
    ),
)
async def report_opportunity(
    data: OpportunityReport,
    session: Session,
    actor: CurrentActor,
    today: Today,
    currency: Currency,
    response: Response,
) -> ReportRead:
    """Any employee may: who reports is kept, and sees what becomes of it."""
    opportunity = await service.report_opportunity(
        session, data, actor=actor, today=today, currency=currency
    )
    response.headers["Location"] = f"/v1/opportunity-reports/{opportunity.id}"
    set_etag(response, opportunity)
    return ReportRead.of(opportunity)


@routes.get("", summary="List one's own reports", dependencies=[REPORT])
async def list_opportunity_reports(
    session: Session, filters: Annotated[ReportFilters, Query()], actor: CurrentActor
) -> Page[ReportRead]:
    """What the caller reported, and where it stands."""
    rows, cursor, count = await service.list_reports(session, filters, actor=actor)
    return Page(items=[ReportRead.of(row) for row in rows], next_cursor=cursor, count=count)


@routes.get("/{opportunity_id}", summary="Read a report", dependencies=[REPORT])
async def read_opportunity_report(
    opportunity_id: UUID, session: Session, actor: CurrentActor, response: Response
) -> ReportRead:
    """What became of a report: of one's own, or of any for who may see opportunities."""
    opportunity = await service.read_report(session, opportunity_id, actor=actor)
    set_etag(response, opportunity)
    return ReportRead.of(opportunity)
