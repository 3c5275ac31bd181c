"""Reading customers and contacts for a file, a lot at a time, with what the file says besides."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer
from kehu_customer.employees.models import Employee
from kehu_kernel.session import Session


class Besides(NamedTuple):
    """What a file says of customers that is not on their own rows."""

    parents: Mapping[UUID, str | None]
    """The codes of parent companies that the caller sees."""
    owners: Mapping[UUID, str]
    """The codes of owners."""
    points: Mapping[tuple[UUID, str], str]
    """The primary contact points, by customer and kind."""
    contacts: Mapping[UUID, Contact]
    """The primary contacts, by customer."""


Place = tuple[UUID, bool, UUID]
"""Where a contact stands in a file: customer, whether it comes after the primary one, contact."""


async def next_lot(
    session: Session, query: Select[Customer], after: UUID | None, limit: int
) -> list[Customer]:
    """Return the next customers in the order of their ids."""
    if after is not None:
        query = query.where(Customer.id > after)
    return await session.scalars(query.order_by(Customer.id).limit(limit))


async def besides(
    session: Session, customers: Sequence[Customer], *, with_points: bool, with_contacts: bool
) -> Besides:
    """Return what the file says besides, with a query for each kind of it."""
    tenant_id, ids = session.context.tenant_id, {one.id for one in customers}
    parents = {one.parent_id for one in customers if one.parent_id is not None}
    owners = {one.owner_id for one in customers if one.owner_id is not None}
    above = select(Customer.id, Customer.code).where(
        Customer.tenant_id == tenant_id, Customer.id.in_(parents)
    )
    people = select(Employee.id, Employee.code).where(
        Employee.tenant_id == tenant_id, Employee.id.in_(owners)
    )
    return Besides(
        dict(map(tuple, await session.execute(above))) if parents else {},
        dict(map(tuple, await session.execute(people))) if owners else {},
        await _points(session, ids) if ids and with_points else {},
        await _primary(session, ids) if ids and with_contacts else {},
    )


async def next_contacts(
    session: Session, customer_ids: Collection[UUID], after: Place | None, limit: int
) -> list[Contact]:
    """Return the next contacts of these customers we turn to: of each the primary one first."""
    place = tuple_(Contact.customer_id, ~Contact.is_primary, Contact.id)
    query = select(Contact).where(
        Contact.tenant_id == session.context.tenant_id,
        Contact.customer_id.in_(customer_ids),
        Contact.active,
    )
    if after is not None:
        query = query.where(place > after)
    return await session.scalars(query.order_by(*place).limit(limit))


async def _points(session: Session, customer_ids: Collection[UUID]) -> dict[tuple[UUID, str], str]:
    query = select(ContactPoint.customer_id, ContactPoint.kind, ContactPoint.value).where(
        ContactPoint.tenant_id == session.context.tenant_id,
        ContactPoint.customer_id.in_(customer_ids),
        ContactPoint.is_primary,
    )
    return {(owner, kind): value for owner, kind, value in await session.execute(query)}


async def _primary(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, Contact]:
    query = select(Contact).where(
        Contact.tenant_id == session.context.tenant_id,
        Contact.customer_id.in_(customer_ids),
        Contact.is_primary,
    )
    return {one.customer_id: one for one in await session.scalars(query)}
