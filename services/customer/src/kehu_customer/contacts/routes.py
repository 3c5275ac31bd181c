"""The contact API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.affiliations.errors import AffiliationsOverlap
from kehu_customer.contact_points.errors import (
    ContactPointTaken,
    InvalidEmailAddress,
    InvalidPhoneNumber,
    PrimaryPointNeeded,
)
from kehu_customer.contacts import service
from kehu_customer.contacts.errors import (
    AlreadyAtCustomer,
    ContactHasLeft,
    ContactReferenceTaken,
    PrimaryContactNeeded,
    PrimaryMustBeActive,
    UnknownCustomer,
)
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import (
    ContactCreate,
    ContactFilters,
    ContactLeaving,
    ContactMove,
    ContactRead,
    ContactUpdate,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/contacts", "contacts")
READ = requires("customer:contacts:read")
WRITE = requires("customer:contacts:write")


@routes.post(
    "",
    summary="Create a contact",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        ContactReferenceTaken,
        UnknownCustomer,
        CustomerHasEnded,
        InvalidPhoneNumber,
        InvalidEmailAddress,
        DateInFuture,
    ),
)
async def create_contact(
    data: ContactCreate, session: Session, today: Today, response: Response
) -> ContactRead:
    """Enter a person we talk to at a customer."""
    contact = await service.create_contact(session, data, today=today)
    response.headers["Location"] = f"/v1/contacts/{contact.id}"
    return _answer(contact, response)


@routes.get("", summary="List contacts", dependencies=[READ])
async def list_contacts(
    session: Session, filters: Annotated[ContactFilters, Query()]
) -> Page[ContactRead]:
    """Contacts that match all filters, a page at a time."""
    contacts, cursor, count = await service.list_contacts(session, filters)
    return Page(
        items=[ContactRead.of(contact) for contact in contacts], next_cursor=cursor, count=count
    )


@routes.get("/{contact_id}", summary="Read a contact", dependencies=[READ])
async def read_contact(contact_id: UUID, session: Session, response: Response) -> ContactRead:
    """One contact, with the ETag."""
    return _answer(await require(session, Contact, contact_id), response)


@routes.patch(
    "/{contact_id}",
    summary="Change a contact",
    dependencies=[WRITE],
    responses=problems(
        CustomerHasEnded,
        PrimaryContactNeeded,
        PrimaryMustBeActive,
        ContactHasLeft,
        PrimaryPointNeeded,
        ContactPointTaken,
        InvalidPhoneNumber,
        InvalidEmailAddress,
    ),
)
async def change_contact(
    contact_id: UUID,
    data: ContactUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ContactRead:
    """Change a contact; fields left out stay. A new primary contact takes the former's place.

    Phone, mobile and e-mail are those to use first; the others are contact points.
    """
    contact = await service.change_contact(session, contact_id, data, expected_version=version)
    return _answer(contact, response)


@routes.post(
    "/{contact_id}/move",
    summary="Move a contact to another customer",
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer,
        CustomerHasEnded,
        AlreadyAtCustomer,
        AffiliationsOverlap,
        PrimaryContactNeeded,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def move_contact(
    contact_id: UUID,
    data: ContactMove,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ContactRead:
    """The person has changed employers: ends the affiliation there and starts one here.

    Numbers, acquaintances and history go along.
    """
    contact = await service.move_contact(
        session, contact_id, data, today=today, expected_version=version
    )
    return _answer(contact, response)


@routes.post(
    "/{contact_id}/leave",
    summary="Record that a contact has left the customer",
    dependencies=[WRITE],
    responses=problems(ContactHasLeft, PrimaryContactNeeded, DateInFuture, DateBeforePrevious),
)
async def leave_customer(
    contact_id: UUID,
    data: ContactLeaving,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ContactRead:
    """The person has left and is with nobody we know: not turned to any more, until it moves."""
    contact = await service.leave_customer(
        session, contact_id, data, today=today, expected_version=version
    )
    return _answer(contact, response)


def _answer(contact: Contact, response: Response) -> ContactRead:
    set_etag(response, contact)
    return ContactRead.of(contact)
