"""The affiliation API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.affiliations import service
from kehu_customer.affiliations.errors import (
    AffiliationHasEnded,
    AffiliationsOverlap,
    MainAffiliation,
)
from kehu_customer.affiliations.models import Affiliation
from kehu_customer.affiliations.schemas import (
    AffiliationCreate,
    AffiliationEnding,
    AffiliationFilters,
    AffiliationRead,
    AffiliationUpdate,
)
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/affiliations", "affiliations")
READ = requires("customer:contacts:read")
WRITE = requires("customer:contacts:write")


@routes.post(
    "",
    summary="Create an affiliation",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownContact, UnknownCustomer, CustomerHasEnded, AffiliationsOverlap, DateInFuture
    ),
)
async def create_affiliation(
    data: AffiliationCreate, session: Session, today: Today, response: Response
) -> AffiliationRead:
    """Enter that a person is also affiliated with another customer, beside the main one."""
    affiliation = await service.create_affiliation(session, data, today=today)
    response.headers["Location"] = f"/v1/affiliations/{affiliation.id}"
    return _answer(affiliation, response)


@routes.get("", summary="List affiliations", dependencies=[READ])
async def list_affiliations(
    session: Session, filters: Annotated[AffiliationFilters, Query()]
) -> Page[AffiliationRead]:
    """Affiliations that match all filters, a page at a time: a person's career, a customer's staff.

    `on` tells who was where on a day.
    """
    affiliations, cursor, count = await service.list_affiliations(session, filters)
    return Page(
        items=[AffiliationRead.of(affiliation) for affiliation in affiliations],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{affiliation_id}", summary="Read an affiliation", dependencies=[READ])
async def read_affiliation(
    affiliation_id: UUID, session: Session, response: Response
) -> AffiliationRead:
    """One affiliation, with its ETag."""
    return _answer(await require(session, Affiliation, affiliation_id), response)


@routes.patch(
    "/{affiliation_id}",
    summary="Change an affiliation",
    dependencies=[WRITE],
    responses=problems(MainAffiliation, AffiliationHasEnded),
)
async def change_affiliation(
    affiliation_id: UUID,
    data: AffiliationUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> AffiliationRead:
    """Change position or part at the customer. The main affiliation changes with the contact."""
    affiliation = await service.change_affiliation(
        session, affiliation_id, data, expected_version=version
    )
    return _answer(affiliation, response)


@routes.post(
    "/{affiliation_id}/end",
    summary="End an affiliation",
    dependencies=[WRITE],
    responses=problems(MainAffiliation, AffiliationHasEnded, DateInFuture, DateBeforePrevious),
)
async def end_affiliation(
    affiliation_id: UUID,
    data: AffiliationEnding,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> AffiliationRead:
    """End an affiliation; it stays as history. The main one ends when the contact moves."""
    affiliation = await service.end_affiliation(
        session, affiliation_id, data, today=today, expected_version=version
    )
    return _answer(affiliation, response)


def _answer(affiliation: Affiliation, response: Response) -> AffiliationRead:
    set_etag(response, affiliation)
    return AffiliationRead.of(affiliation)
