"""The API of erasures."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from kehu_customer.customers.errors import CustomerMerged
from kehu_customer.erasures import service
from kehu_customer.erasures.errors import (
    AlreadyErased,
    ErasureRefused,
    OnePersonNeeded,
    OrganisationNotErased,
    UnknownPerson,
)
from kehu_customer.erasures.models import Erasure
from kehu_customer.erasures.schemas import (
    ErasureCreate,
    ErasureFilters,
    ErasurePreview,
    ErasureRead,
    Subject,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/erasures", "privacy")
previews = router("/v1/erasure-previews", "privacy")
READ = requires("customer:erasures:read")
WRITE = requires("customer:erasures:write")


async def _overdue_hours(request: Request) -> float:
    hours: float = request.app.state.settings.erasure_overdue_hours
    return hours


OverdueHours = Annotated[float, Depends(_overdue_hours)]


@routes.post(
    "",
    summary="Erase a person from all services",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(
        OnePersonNeeded,
        UnknownPerson,
        OrganisationNotErased,
        AlreadyErased,
        CustomerMerged,
        ErasureRefused,
    ),
)
async def order_erasure(
    data: ErasureCreate, session: Session, response: Response, hours: OverdueHours
) -> ErasureRead:
    """Blank every personal value of a customer or contact, for ever; ids and figures stay.

    Each service does so by itself and acknowledges. A refusal lists every objection.
    """
    erasure = await service.order_erasure(session, data)
    response.headers["Location"] = f"/v1/erasures/{erasure.id}"
    set_etag(response, erasure)
    return await service.show(session, erasure, after_hours=hours)


@routes.get("", summary="List erasures", dependencies=[READ])
async def list_erasures(
    session: Session, filters: Annotated[ErasureFilters, Query()], hours: OverdueHours
) -> Page[ErasureRead]:
    """Erasures that match all filters, a page at a time, newest first."""
    items, cursor, count = await service.list_erasures(session, filters, after_hours=hours)
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{erasure_id}", summary="Read an erasure", dependencies=[READ])
async def read_erasure(
    erasure_id: UUID, session: Session, response: Response, hours: OverdueHours
) -> ErasureRead:
    """One erasure: which services have acknowledged, and what they blanked."""
    erasure = await require(session, Erasure, erasure_id)
    set_etag(response, erasure)
    return await service.show(session, erasure, after_hours=hours)


@previews.post(
    "",
    summary="See what an erasure would do",
    dependencies=[WRITE],
    responses=problems(
        OnePersonNeeded, UnknownPerson, OrganisationNotErased, AlreadyErased, CustomerMerged
    ),
)
async def preview_erasure(data: Subject, session: Session) -> ErasurePreview:
    """Tell what would be blanked here and what speaks against it, and do nothing."""
    return await service.preview_erasure(session, data)
