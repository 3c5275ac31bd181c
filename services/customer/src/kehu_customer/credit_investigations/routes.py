"""The API of credit investigations."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.credit_investigations import service
from kehu_customer.credit_investigations.errors import InvestigationClosed, InvestigationUnderWay
from kehu_customer.credit_investigations.models import CreditInvestigation
from kehu_customer.credit_investigations.schemas import (
    InvestigationCancellation,
    InvestigationCreate,
    InvestigationFilters,
    InvestigationRead,
    InvestigationRun,
    InvestigationRunResult,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "credit investigations")
READ = requires("customer:credit:read")
WRITE = requires("customer:credit:write")
PATH = "/credit-investigations"


@routes.post(
    PATH,
    summary="Create a credit investigation",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(UnknownCustomer, CustomerHasEnded, InvestigationUnderWay),
)
async def ask_for_investigation(
    data: InvestigationCreate, session: Session, today: Today, response: Response
) -> InvestigationRead:
    """Ask for an investigation before the report expires, with the reason."""
    one = await service.ask_for_investigation(session, data, today=today)
    response.headers["Location"] = f"/v1{PATH}/{one.id}"
    return _answer(one, response)


@routes.post(
    "/credit-investigation-runs", summary="Open what is due for investigation", dependencies=[WRITE]
)
async def open_due(
    data: InvestigationRun, session: Session, today: Today
) -> InvestigationRunResult:
    """Open an investigation for every report that expires; each report asks once."""
    return InvestigationRunResult(opened=await service.open_due(session, data, today=today))


@routes.get(PATH, summary="List credit investigations", dependencies=[READ])
async def list_investigations(
    session: Session, filters: Annotated[InvestigationFilters, Query()]
) -> Page[InvestigationRead]:
    """Investigations that match all filters, a page at a time, those due first at the top."""
    found, cursor, count = await service.list_investigations(session, filters)
    return Page(items=[InvestigationRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get(
    PATH + "/{credit_investigation_id}",
    summary="Read a credit investigation",
    dependencies=[READ],
)
async def read_investigation(
    credit_investigation_id: UUID, session: Session, response: Response
) -> InvestigationRead:
    """One investigation, with its ETag."""
    return _answer(await require(session, CreditInvestigation, credit_investigation_id), response)


@routes.post(
    PATH + "/{credit_investigation_id}/cancel",
    summary="Cancel a credit investigation",
    dependencies=[WRITE],
    responses=problems(InvestigationClosed),
)
async def cancel_investigation(
    credit_investigation_id: UUID,
    data: InvestigationCancellation,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> InvestigationRead:
    """Close it without a report. The expired report does not ask again; the next one will."""
    one = await service.cancel_investigation(
        session, credit_investigation_id, data, expected_version=version
    )
    return _answer(one, response)


def _answer(one: CreditInvestigation, response: Response) -> InvestigationRead:
    set_etag(response, one)
    return InvestigationRead.of(one)
