"""What can be done with a contact point.

Every command locks the customer first, then the contact (if it is a contact's), then the point: so
points of one party change one after the other. A contact shows the primary phone, mobile and
e-mail; what it shows changes in the same transaction.
"""

from datetime import date
from uuid import UUID

from kehu_customer.contact_points import events, queries
from kehu_customer.contact_points.errors import InvalidEmailAddress, InvalidPhoneNumber
from kehu_customer.contact_points.models import ContactPoint, PointKind, PointPurpose
from kehu_customer.contact_points.schemas import (
    AddressParts,
    ContactPointCreate,
    ContactPointFilters,
    ContactPointUpdate,
    ContactPointVerification,
)
from kehu_customer.contacts import events as contact_events
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.queries import lock_contact
from kehu_customer.customers.models import Customer
from kehu_customer.preferences.queries import preferences_of
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

SHOWN = (PointKind.PHONE, PointKind.MOBILE, PointKind.EMAIL)
"""Kinds of which a contact shows the primary point."""


async def create_contact_point(session: Session, data: ContactPointCreate) -> ContactPoint:
    """Enter a number or address; the first of its kind is the primary one.

    Raises `OnePartyNeeded`, `UnknownCustomer`, `UnknownContact`, `CustomerHasEnded`, and what
    `ContactPoint.write` raises; the database refuses one that the party has already.
    """
    point = _new(data.kind, data.purpose, customer_id=data.customer_id, contact_id=data.contact_id)
    point.require_one_party()
    try:
        contact = await _lock_party(session, point)
    except NotFound as error:
        raise (UnknownCustomer if point.contact_id is None else UnknownContact) from error
    preferences = await preferences_of(session)
    point.write(data.value, _parts(data.address), region=preferences.phone_region)
    await _add(session, point, contact, primary=data.is_primary)
    _tell_contact(session, contact)
    return point


async def change_contact_point(
    session: Session, point_id: UUID, data: ContactPointUpdate, *, expected_version: int
) -> ContactPoint:
    """Write a number or address anew, make it the primary one, or (de)activate it.

    Raises `CustomerHasEnded`, `PrimaryPointNeeded`, `PrimaryPointMustBeActive` and what
    `ContactPoint.write` raises; the database refuses one that the party has already.
    """
    found = await require(session, ContactPoint, point_id)
    contact = await _lock_party(session, found)
    point = await require(
        session, ContactPoint, point_id, lock=True, expected_version=expected_version
    )
    was_primary, given = point.is_primary, data.given()
    if given.keys() & {"value", "address"}:
        preferences = await preferences_of(session)
        parts = _parts(data.address) if "address" in given else point.address
        point.write(data.value or point.value, parts, region=preferences.phone_region)
    if data.purpose is not None:
        point.purpose = data.purpose
    if data.active is not None or data.is_primary is not None:
        await _change_standing(session, point, data)
    _record_change(session, point)
    _show(contact, point, was_primary=was_primary)
    _tell_contact(session, contact)
    return point


async def verify_contact_point(
    session: Session,
    point_id: UUID,
    data: ContactPointVerification,
    *,
    today: date,
    expected_version: int | None,
) -> ContactPoint:
    """Record that somebody has found that the number or address works: when, and who.

    Raises `CustomerHasEnded`, `ContactPointNotUsed`, `DateInFuture`.
    """
    await _lock_party(session, await require(session, ContactPoint, point_id))
    point = await require(
        session, ContactPoint, point_id, lock=True, expected_version=expected_version
    )
    point.verify(business_day.happened(data.on, today), session.context.actor)
    fields = audit.changed(session, point, "verified")
    if fields:
        outbox.add(session, events.verified(point, fields), sequence=point.version)
    return point


async def put_primary(
    session: Session, contact: Contact, kind: PointKind, value: str | None
) -> None:
    """Have a contact's primary point of a kind say this; None stops using it.

    For commands of the contact, which have locked it and record what it shows. Raises
    `PrimaryPointNeeded` and what `ContactPoint.write` raises.
    """
    point = _new(kind, PointPurpose.WORK, contact_id=contact.id)
    former = await queries.primary_like(session, point)
    if value is None and former is not None:
        former.deactivate(others=await queries.has_other_active(session, former))
    elif value is not None and (former is None or former.value != value):
        region = (await preferences_of(session)).phone_region
        (former or point).write(value, None, region=region)
    if former is None and value is not None:
        await _add(session, point, contact, primary=True)
    elif former is not None:
        _record_change(session, former)
        _show(contact, former, was_primary=True)


async def take_over(session: Session, contact_id: UUID) -> bool:
    """Have a contact's primary points say what it shows, as an old version wrote it down alone.

    A number that cannot be read becomes a point without a normal form; one that was taken away is
    no longer in use. Return whether there was anything to do. Raises `NotFound`,
    `PrimaryPointNeeded`: there are others, and nobody has said which of them to show.
    """
    _, contact = await lock_contact(session, contact_id)
    done = False
    for kind in SHOWN:
        typed = getattr(contact, kind)
        point = _new(kind, PointPurpose.WORK, contact_id=contact.id)
        former = await queries.primary_like(session, point)
        if (former.value if former is not None else None) == typed:
            continue
        done = True
        try:
            await put_primary(session, contact, kind, typed)
        except (InvalidPhoneNumber, InvalidEmailAddress):
            if former is not None:
                await _make_secondary(session, former)
            point.value, point.normalised = typed, None
            await _add(session, point, contact, primary=True)
    _tell_contact(session, contact)
    return done


async def list_contact_points(
    session: Session, filters: ContactPointFilters
) -> tuple[list[ContactPoint], str | None, int | None]:
    """Return one page of the points that match, the next cursor, and the count if asked."""
    region = ""
    if filters.value is not None:
        region = (await preferences_of(session)).phone_region
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, region=region),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ContactPoint.id,
    )


def _new(
    kind: PointKind,
    purpose: PointPurpose,
    *,
    customer_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> ContactPoint:
    return ContactPoint(
        id=ids.new_id(),
        customer_id=customer_id,
        contact_id=contact_id,
        kind=kind,
        purpose=purpose,
        is_primary=False,
        active=True,
    )


def _parts(address: AddressParts | None) -> dict[str, str] | None:
    """Return the parts of a postal address that were given, None for none."""
    given = address.model_dump(exclude_none=True) if address is not None else {}
    return given or None


async def _lock_party(session: Session, point: ContactPoint) -> Contact | None:
    """Lock whom the point belongs to; return the contact if it is one.

    Raises `NotFound`, `CustomerHasEnded`.
    """
    if point.contact_id is not None:
        customer, contact = await lock_contact(session, point.contact_id)
        customer.require_current()
        return contact
    assert point.customer_id is not None  # noqa: S101 - one of the two: the database sees to it
    customer = await require(session, Customer, point.customer_id, lock=True)
    customer.require_current()
    return None


async def _add(
    session: Session, point: ContactPoint, contact: Contact | None, *, primary: bool
) -> None:
    former = await queries.primary_like(session, point)
    if former is None or primary:
        if former is not None:
            await _make_secondary(session, former)
        point.make_primary()
    audit.created(session, point)
    outbox.add(session, events.created(point), sequence=point.version)
    _show(contact, point, was_primary=False)


async def _change_standing(session: Session, point: ContactPoint, data: ContactPointUpdate) -> None:
    """Activate, deactivate, make primary; keep one primary point as long as one is active."""
    former = await queries.primary_like(session, point)
    if data.is_primary and former is not None and former is not point:
        await _make_secondary(session, former)
    if data.active is False:
        point.deactivate(others=await queries.has_other_active(session, point))
    elif data.active:
        point.active = True
    if data.is_primary or (point.active and former is None):
        point.make_primary()
    elif data.is_primary is False:
        point.require_secondary()


async def _make_secondary(session: Session, former: ContactPoint) -> None:
    """Take the first place from a point, because another one gets it."""
    former.is_primary = False
    fields = audit.changed(session, former, "made-secondary")
    outbox.add(session, events.changed(former, fields), sequence=former.version)
    # Written before the new one is touched: the database admits one primary at any moment.
    await session.flush()


def _record_change(session: Session, point: ContactPoint) -> None:
    fields = audit.changed(session, point, "changed")
    if fields:
        outbox.add(session, events.changed(point, fields), sequence=point.version)


def _show(contact: Contact | None, point: ContactPoint, *, was_primary: bool) -> None:
    """Let a contact show its primary phone, mobile and e-mail."""
    if contact is not None and point.kind != PointKind.ADDRESS and point.is_primary | was_primary:
        setattr(contact, point.kind, point.value if point.is_primary else None)


def _tell_contact(session: Session, contact: Contact | None) -> None:
    """Record what a contact shows now, if that is something else."""
    if contact is None:
        return
    fields = audit.changed(session, contact, "changed")
    if fields:
        outbox.add(session, contact_events.changed(contact, fields), sequence=contact.version)
