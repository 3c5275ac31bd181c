"""What can be done with a contact.

Every command locks the customer first, then the contact: so contacts of one customer change one
after the other, and none can be entered while the relation with the customer is being ended.
"""

from uuid import UUID

from kehu_customer.contacts import events, queries
from kehu_customer.contacts.errors import UnknownCustomer
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import ContactCreate, ContactFilters, ContactUpdate
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_contact(session: Session, data: ContactCreate) -> Contact:
    """Enter a contact of a customer; the first one is the primary one.

    Raises `UnknownCustomer`, `CustomerHasEnded`; the database refuses an external reference that is
    taken.
    """
    try:
        customer = await require(session, Customer, data.customer_id, lock=True)
    except NotFound as error:
        raise UnknownCustomer from error
    customer.require_current()
    contact = Contact(**data.model_dump(), active=True)
    former = await queries.primary_of(session, customer.id)
    if former is None:
        contact.make_primary()
    elif data.is_primary:
        await _make_secondary(session, former)
    audit.created(session, contact)
    outbox.add(session, events.created(contact), sequence=contact.version)
    return contact


async def change_contact(
    session: Session, contact_id: UUID, data: ContactUpdate, *, expected_version: int
) -> Contact:
    """Change a contact, or make it the primary one, or (de)activate it.

    Raises `CustomerHasEnded`, `PrimaryContactNeeded`, `PrimaryMustBeActive`.
    """
    found = await require(session, Contact, contact_id)
    customer = await require(session, Customer, found.customer_id, lock=True)
    contact = await require(
        session, Contact, contact_id, lock=True, expected_version=expected_version
    )
    customer.require_current()
    given = data.given()
    if data.active is not None or data.is_primary is not None:
        await _change_standing(session, contact, data)
    for name in given.keys() - {"is_primary", "active"}:
        setattr(contact, name, given[name])
    fields = audit.changed(session, contact, "changed")
    if fields:
        outbox.add(session, events.changed(contact, fields), sequence=contact.version)
    return contact


async def list_contacts(
    session: Session, filters: ContactFilters
) -> tuple[list[Contact], str | None, int | None]:
    """Return one page of the contacts that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Contact.id,
    )


async def _change_standing(session: Session, contact: Contact, data: ContactUpdate) -> None:
    """Activate, deactivate, make primary; keep one primary contact as long as one is active."""
    former = await queries.primary_of(session, contact.customer_id)
    if data.is_primary and former is not None and former is not contact:
        await _make_secondary(session, former)
    if data.active is False:
        contact.deactivate(others=await queries.has_other_active(session, contact))
    elif data.active:
        contact.active = True
    if data.is_primary or (contact.active and former is None):
        contact.make_primary()
    elif data.is_primary is False:
        contact.require_secondary()


async def _make_secondary(session: Session, former: Contact) -> None:
    """Take the first place from a contact, because another one gets it."""
    former.is_primary = False
    fields = audit.changed(session, former, "made-secondary")
    outbox.add(session, events.changed(former, fields), sequence=former.version)
    # Written before the new one is touched: the database admits one primary at any moment.
    await session.flush()
