"""The acquaintance API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.acquaintances import service
from kehu_customer.acquaintances.errors import AcquaintanceTaken, UnknownEmployee
from kehu_customer.acquaintances.models import Acquaintance
from kehu_customer.acquaintances.schemas import (
    AcquaintanceCreate,
    AcquaintanceFilters,
    AcquaintanceRead,
    AcquaintanceUpdate,
)
from kehu_customer.contacts.errors import UnknownContact
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/acquaintances", "acquaintances")
READ = requires("customer:acquaintances:read")
WRITE = requires("customer:acquaintances:write")


@routes.post(
    "",
    summary="Create an acquaintance",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(UnknownEmployee, UnknownContact, AcquaintanceTaken, DateInFuture),
)
async def create_acquaintance(
    data: AcquaintanceCreate, session: Session, today: Today, response: Response
) -> AcquaintanceRead:
    """Enter that one of us knows a contact, and how well."""
    acquaintance = await service.create_acquaintance(session, data, today=today)
    response.headers["Location"] = f"/v1/acquaintances/{acquaintance.id}"
    return _answer(acquaintance, response)


@routes.get("", summary="List acquaintances", dependencies=[READ])
async def list_acquaintances(
    session: Session, filters: Annotated[AcquaintanceFilters, Query()]
) -> Page[AcquaintanceRead]:
    """Acquaintances that match all filters, a page at a time, the closest first.

    With `customer_id`: who of us knows whom at this customer.
    """
    acquaintances, cursor, count = await service.list_acquaintances(session, filters)
    return Page(
        items=[AcquaintanceRead.of(acquaintance) for acquaintance in acquaintances],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{acquaintance_id}", summary="Read an acquaintance", dependencies=[READ])
async def read_acquaintance(
    acquaintance_id: UUID, session: Session, response: Response
) -> AcquaintanceRead:
    """One acquaintance, with its ETag."""
    return _answer(await require(session, Acquaintance, acquaintance_id), response)


@routes.patch(
    "/{acquaintance_id}",
    summary="Change an acquaintance",
    dependencies=[WRITE],
    responses=problems(DateInFuture),
)
async def change_acquaintance(
    acquaintance_id: UUID,
    data: AcquaintanceUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> AcquaintanceRead:
    """Change how well and how the two know each other; fields left out stay."""
    acquaintance = await service.change_acquaintance(
        session, acquaintance_id, data, today=today, expected_version=version
    )
    return _answer(acquaintance, response)


def _answer(acquaintance: Acquaintance, response: Response) -> AcquaintanceRead:
    set_etag(response, acquaintance)
    return AcquaintanceRead.of(acquaintance)
