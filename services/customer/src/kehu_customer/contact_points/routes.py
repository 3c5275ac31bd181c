"""The contact point API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contact_points import service
from kehu_customer.contact_points.errors import (
    AddressPartsMisplaced,
    ContactPointNotUsed,
    ContactPointTaken,
    InvalidEmailAddress,
    InvalidPhoneNumber,
    OnePartyNeeded,
    PrimaryPointMustBeActive,
    PrimaryPointNeeded,
)
from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.contact_points.schemas import (
    ContactPointCreate,
    ContactPointFilters,
    ContactPointRead,
    ContactPointUpdate,
    ContactPointVerification,
)
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/contact-points", "contact points")
READ = requires("customer:contact-points:read")
WRITE = requires("customer:contact-points:write")
NOT_WRITABLE = (InvalidPhoneNumber, InvalidEmailAddress, AddressPartsMisplaced, ContactPointTaken)


@routes.post(
    "",
    summary="Create a contact point",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        OnePartyNeeded, UnknownCustomer, UnknownContact, CustomerHasEnded, *NOT_WRITABLE
    ),
)
async def create_contact_point(
    data: ContactPointCreate, session: Session, response: Response
) -> ContactPointRead:
    """Enter a phone number, an e-mail or a postal address of a customer or of a contact."""
    point = await service.create_contact_point(session, data)
    response.headers["Location"] = f"/v1/contact-points/{point.id}"
    return _answer(point, response)


@routes.get(
    "",
    summary="List contact points",
    dependencies=[READ],
    responses=problems(InvalidPhoneNumber, InvalidEmailAddress),
)
async def list_contact_points(
    session: Session, filters: Annotated[ContactPointFilters, Query()]
) -> Page[ContactPointRead]:
    """Contact points that match all filters, a page at a time; `value` tells whose a number is."""
    points, cursor, count = await service.list_contact_points(session, filters)
    return Page(
        items=[ContactPointRead.of(point) for point in points], next_cursor=cursor, count=count
    )


@routes.get("/{contact_point_id}", summary="Read a contact point", dependencies=[READ])
async def read_contact_point(
    contact_point_id: UUID, session: Session, response: Response
) -> ContactPointRead:
    """One contact point, with its ETag."""
    return _answer(await require(session, ContactPoint, contact_point_id), response)


@routes.patch(
    "/{contact_point_id}",
    summary="Change a contact point",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded, PrimaryPointNeeded, PrimaryPointMustBeActive, *NOT_WRITABLE
    ),
)
async def change_contact_point(
    contact_point_id: UUID,
    data: ContactPointUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ContactPointRead:
    """Change a contact point; fields left out stay. A new primary one takes the former's place."""
    point = await service.change_contact_point(
        session, contact_point_id, data, expected_version=version
    )
    return _answer(point, response)


@routes.post(
    "/{contact_point_id}/verify",
    summary="Record that a contact point works",
    dependencies=[WRITE],
    responses=problems(CustomerHasEnded, ContactPointNotUsed, DateInFuture),
)
async def verify_contact_point(
    contact_point_id: UUID,
    data: ContactPointVerification,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ContactPointRead:
    """Record that you have found that the number or address works, and when."""
    point = await service.verify_contact_point(
        session, contact_point_id, data, today=today, expected_version=version
    )
    return _answer(point, response)


def _answer(point: ContactPoint, response: Response) -> ContactPointRead:
    set_etag(response, point)
    return ContactPointRead.of(point)
