"""The contact API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contacts import service
from kehu_customer.contacts.errors import (
    ContactReferenceTaken,
    PrimaryContactNeeded,
    PrimaryMustBeActive,
    UnknownCustomer,
)
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import (
    ContactCreate,
    ContactFilters,
    ContactRead,
    ContactUpdate,
)
from kehu_customer.customers.errors import CustomerHasEnded
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
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
    responses=problems(ContactReferenceTaken, UnknownCustomer, CustomerHasEnded),
)
async def create_contact(data: ContactCreate, session: Session, response: Response) -> ContactRead:
    """Enter a person we talk to at a customer."""
    contact = await service.create_contact(session, data)
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
    responses=problems(CustomerHasEnded, PrimaryContactNeeded, PrimaryMustBeActive),
)
async def change_contact(
    contact_id: UUID,
    data: ContactUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ContactRead:
    """Change a contact; fields left out stay. A new primary contact takes the former's place."""
    contact = await service.change_contact(session, contact_id, data, expected_version=version)
    return _answer(contact, response)


def _answer(contact: Contact, response: Response) -> ContactRead:
    set_etag(response, contact)
    return ContactRead.of(contact)
