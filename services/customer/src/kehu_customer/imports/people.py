"""The contact a row carries: entered with its customer, and taken back with it (C3, C6).

A row names at most one person. Who is there at the customer already, by name, mobile or e-mail, is
not entered again, and not changed.
"""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select

from kehu_customer.affiliations.service import end_main, start_main
from kehu_customer.contact_points import events as point_events
from kehu_customer.contact_points.models import ContactPoint, PointKind
from kehu_customer.contacts import events
from kehu_customer.contacts.models import Contact
from kehu_customer.imports.lines import OF_PERSON
from kehu_kernel import audit, outbox
from kehu_kernel.session import Session

TELLING = frozenset({PointKind.MOBILE, PointKind.EMAIL})
"""Kinds of numbers that are one person's own: an office phone many have."""


@dataclass(slots=True)
class People:
    """Who is at a customer already."""

    told: set[str] = field(default_factory=set)
    """Names, mobiles and e-mail addresses, in the form in which they are compared."""
    has_primary: bool = False

    def include(self, contact: Contact, points: Collection[ContactPoint]) -> bool:
        """Tell whether the person is there, by name, mobile or e-mail."""
        return not self.told.isdisjoint(_told(contact, points))


def enter(
    session: Session, contact: Contact, points: Collection[ContactPoint], *, today: date
) -> None:
    """Enter a contact as the API does: its numbers, its place at the customer, itself."""
    for point in points:
        audit.created(session, point)
        outbox.add(session, point_events.created(point), sequence=point.version)
    start_main(session, contact, today)
    audit.created(session, contact)
    outbox.add(session, events.created(contact), sequence=contact.version)


async def find(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, People]:
    """Return who is at these customers already, also those nobody turns to any more."""
    found = {one: People() for one in customer_ids}
    if not found:
        return found
    tenant_id = session.context.tenant_id
    contacts = await session.scalars(
        select(Contact).where(Contact.tenant_id == tenant_id, Contact.customer_id.in_(found))
    )
    points = await _points_of(session, [one.id for one in contacts])
    for one in contacts:
        people = found[one.customer_id]
        people.told |= _told(one, points.get(one.id, ()))
        people.has_primary |= one.is_primary
    return found


async def lock(session: Session, contact_ids: Collection[UUID | None]) -> dict[UUID, Contact]:
    """Return contacts that rows entered, locked in the order of their ids."""
    query = (
        select(Contact)
        .where(Contact.tenant_id == session.context.tenant_id, Contact.id.in_(contact_ids))
        .order_by(Contact.id)
    )
    return {one.id: one for one in await session.scalars(query.with_for_update(key_share=True))}


async def withdraw(session: Session, contact: Contact, today: date, reason: str) -> None:
    """Stop turning to a contact that a row entered, and end its place at the customer."""
    points = await _points_of(session, [contact.id])
    for point in points.get(contact.id, ()):
        point.deactivate(others=False)
        told = audit.changed(session, point, "import-undone")
        if told:
            outbox.add(session, point_events.changed(point, told), sequence=point.version)
    await end_main(session, contact, today, reason)
    contact.deactivate(others=False)
    for kind in OF_PERSON:
        setattr(contact, kind, None)
    fields = audit.changed(session, contact, "import-undone")
    if fields:
        outbox.add(session, events.changed(contact, fields), sequence=contact.version)


async def _points_of(
    session: Session, contact_ids: Sequence[UUID]
) -> Mapping[UUID, list[ContactPoint]]:
    if not contact_ids:
        return {}
    query = select(ContactPoint).where(
        ContactPoint.tenant_id == session.context.tenant_id,
        ContactPoint.contact_id.in_(contact_ids),
        ContactPoint.active,
    )
    found: dict[UUID, list[ContactPoint]] = {}
    for one in await session.scalars(query):
        assert one.contact_id is not None  # noqa: S101 - asked for by it
        found.setdefault(one.contact_id, []).append(one)
    return found


def _told(contact: Contact, points: Collection[ContactPoint]) -> set[str]:
    name = "".join(unicodedata.normalize("NFKC", contact.name).casefold().split())
    own = {one.normalised for one in points if one.kind in TELLING and one.normalised}
    return {name, *own}
