"""What can be done with a contact.

Every command locks the customer first, then the contact: so contacts of one customer change one
after the other, and none can be entered while the relation with the customer is being ended. A move
locks both customers. A contact's main affiliation begins and ends with it.
"""

from datetime import date
from uuid import UUID

from kehu_customer.affiliations.service import (
    PLACE,
    change_main,
    end_main,
    main_of,
    require_left_by,
    start_main,
)
from kehu_customer.contact_points.models import PointKind
from kehu_customer.contact_points.service import put_primary
from kehu_customer.contacts import events, queries
from kehu_customer.contacts.errors import AlreadyAtCustomer, ContactHasLeft, UnknownCustomer
from kehu_customer.contacts.models import Contact
from kehu_customer.contacts.schemas import (
    ContactCreate,
    ContactFilters,
    ContactLeaving,
    ContactMove,
    ContactUpdate,
)
from kehu_customer.customers.models import Customer, CustomerState
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

POINTS = {kind.value: kind for kind in (PointKind.PHONE, PointKind.MOBILE, PointKind.EMAIL)}
"""What a contact shows of its contact points: the primary one of each of these kinds."""


async def create_contact(session: Session, data: ContactCreate, *, today: date) -> Contact:
    """Enter a contact of a customer; the first one is the primary one.

    Phone, mobile and e-mail become its first contact points. Raises `UnknownCustomer`,
    `CustomerHasEnded`, `InvalidPhoneNumber`, `InvalidEmailAddress`, `DateInFuture`; the database
    refuses an external reference that is taken.
    """
    try:
        customer = await require(session, Customer, data.customer_id, lock=True)
    except NotFound as error:
        raise UnknownCustomer from error
    customer.require_current()
    given = data.model_dump(exclude={*POINTS, "started_on"})
    contact = Contact(id=ids.new_id(), **given, active=True)
    former = await queries.primary_of(session, customer.id)
    if former is None:
        contact.make_primary()
    elif data.is_primary:
        await _make_secondary(session, former)
    for name, kind in POINTS.items():
        await put_primary(session, contact, kind, getattr(data, name))
    start_main(session, contact, business_day.happened(data.started_on, today))
    audit.created(session, contact)
    outbox.add(session, events.created(contact), sequence=contact.version)
    return contact


async def change_contact(
    session: Session, contact_id: UUID, data: ContactUpdate, *, expected_version: int
) -> Contact:
    """Change a contact, or make it the primary one, or (de)activate it.

    Phone, mobile and e-mail stand for the primary contact point of their kind. Raises
    `CustomerHasEnded`, `PrimaryContactNeeded`, `PrimaryMustBeActive`, `ContactHasLeft`, and what
    `put_primary` raises.
    """
    customer, contact = await queries.lock_contact(
        session, contact_id, expected_version=expected_version
    )
    customer.require_current()
    given = data.given()
    if data.active is not None or data.is_primary is not None:
        await _change_standing(session, contact, data)
    for name, kind in POINTS.items():
        if name in given:
            await put_primary(session, contact, kind, getattr(data, name))
    for name in given.keys() - {"is_primary", "active", *POINTS}:
        setattr(contact, name, given[name])
    if given.keys() & {*PLACE}:
        await change_main(session, contact)
    fields = audit.changed(session, contact, "changed")
    if fields:
        outbox.add(session, events.changed(contact, fields), sequence=contact.version)
    return contact


async def move_contact(
    session: Session,
    contact_id: UUID,
    data: ContactMove,
    *,
    today: date,
    expected_version: int | None,
) -> Contact:
    """Take a person to another customer, or back to one: ends one affiliation, starts another.

    What is known of the person goes along; the first contact there becomes primary. Raises
    `UnknownCustomer`, `CustomerHasEnded` (of where the person goes), `AlreadyAtCustomer`,
    `PrimaryContactNeeded`, `DateInFuture`, `DateBeforePrevious`; the database refuses affiliations
    that overlap.
    """
    goal = await session.get(Customer, (session.context.tenant_id, data.customer_id))
    if goal is None:
        raise UnknownCustomer
    before, contact = await queries.lock_contact(
        session, contact_id, expected_version=expected_version, goal_id=goal.id
    )
    goal.require_current()
    on = business_day.happened(data.on, today)
    if before is goal and await main_of(session, contact) is not None:
        raise AlreadyAtCustomer(name=contact.name)
    await _take_leave(session, before, contact)
    if not await end_main(session, contact, on, data.reason):
        await require_left_by(session, contact, on)
    first = await queries.primary_of(session, goal.id) is None
    contact.move(goal.id, {name: getattr(data, name) for name in PLACE}, primary=first)
    start_main(session, contact, on)
    fields = audit.changed(session, contact, "moved")
    event = events.moved(contact, fields, previous_customer_id=before.id, moved_on=on)
    outbox.add(session, event, sequence=contact.version)
    return contact


async def leave_customer(
    session: Session,
    contact_id: UUID,
    data: ContactLeaving,
    *,
    today: date,
    expected_version: int | None,
) -> Contact:
    """Record that a person has left the customer, and is with nobody we know.

    Raises `ContactHasLeft`, `PrimaryContactNeeded`, `DateInFuture`, `DateBeforePrevious`.
    """
    customer, contact = await queries.lock_contact(
        session, contact_id, expected_version=expected_version
    )
    await _take_leave(session, customer, contact)
    if not await end_main(session, contact, business_day.happened(data.on, today), data.reason):
        raise ContactHasLeft(name=contact.name)
    fields = audit.changed(session, contact, "left", reason=(None, data.reason))
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
        if not contact.active and await main_of(session, contact) is None:
            raise ContactHasLeft(name=contact.name)
        contact.active = True
    if data.is_primary or (contact.active and former is None):
        contact.make_primary()
    elif data.is_primary is False:
        contact.require_secondary()


async def _take_leave(session: Session, customer: Customer, contact: Contact) -> None:
    """Stop turning to a contact at this customer. Raises `PrimaryContactNeeded`.

    At a customer that is former nobody needs to be the first to turn to, and nobody can become it.
    """
    current = customer.state != CustomerState.FORMER
    contact.deactivate(others=current and await queries.has_other_active(session, contact))


async def _make_secondary(session: Session, former: Contact) -> None:
    """Take the first place from a contact, because another one gets it."""
    former.is_primary = False
    fields = audit.changed(session, former, "made-secondary")
    outbox.add(session, events.changed(former, fields), sequence=former.version)
    # Written before the new one is touched: the database admits one primary at any moment.
    await session.flush()
