"""Reading contacts."""

from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import ContactFilters
from kehu_customer.customers.models import Customer
from kehu_kernel.db import require
from kehu_kernel.errors import ConcurrentChange
from kehu_kernel.session import Session

SORT_COLUMNS = {"name": Contact.name}
EXACT_FILTERS = ("customer_id", "buying_role", "is_primary", "active", "external_ref")


def matching(tenant_id: str, filters: ContactFilters) -> Select[Contact]:
    """Return the query for the contacts that match all filters."""
    query = select(Contact).where(Contact.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Contact, name) == value)
    if filters.q is not None:
        query = query.where(Contact.name.icontains(filters.q, autoescape=True))
    return query


async def lock_contact(
    session: Session,
    contact_id: UUID,
    *,
    expected_version: int | None = None,
    goal_id: UUID | None = None,
) -> tuple[Customer, Contact]:
    """Lock a contact that is to be changed: the customer first, then the contact.

    With `goal_id`, where the contact goes, that customer too: the smaller id first, so that two who
    change places do not wait for each other. Raises `NotFound`, `VersionConflict`;
    `ConcurrentChange` if the contact went to another customer at the same moment.
    """
    customer_id = (await require(session, Contact, contact_id)).customer_id
    for one in sorted({customer_id, goal_id or customer_id}):
        await require(session, Customer, one, lock=True)
    customer = await require(session, Customer, customer_id)
    contact = await require(
        session, Contact, contact_id, lock=True, expected_version=expected_version
    )
    if contact.customer_id != customer_id:
        raise ConcurrentChange
    return customer, contact


async def primary_of(session: Session, customer_id: UUID) -> Contact | None:
    """Return the customer's primary contact, if there is any active one."""
    query = select(Contact).where(
        Contact.tenant_id == session.context.tenant_id,
        Contact.customer_id == customer_id,
        Contact.is_primary,
    )
    return await session.scalar(query)


async def has_other_active(session: Session, contact: Contact) -> bool:
    """Return whether the customer has active contacts beside this one."""
    others = select(Contact.id).where(
        Contact.tenant_id == session.context.tenant_id,
        Contact.customer_id == contact.customer_id,
        Contact.active,
        Contact.id != contact.id,
    )
    return bool(await session.scalar(select(others.exists())))
