"""What can be done with an affiliation.

The main one begins, changes and ends with commands of the contact, which lock the contact and call
the functions `*_main` here. The others have commands of their own. That no two of one person with
one customer overlap is up to the database: it also sees what is entered at the same moment.
"""

from datetime import date
from uuid import UUID

from kehu_customer.affiliations import events, queries
from kehu_customer.affiliations.models import Affiliation
from kehu_customer.affiliations.schemas import (
    AffiliationCreate,
    AffiliationEnding,
    AffiliationFilters,
    AffiliationUpdate,
)
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

PLACE = ("title", "department", "buying_role")
"""What a contact and its main affiliation both tell; after the move only the affiliation does."""


async def create_affiliation(
    session: Session, data: AffiliationCreate, *, today: date
) -> Affiliation:
    """Enter that a person is also affiliated with another customer.

    Raises `UnknownContact`, `UnknownCustomer`, `CustomerHasEnded`, `DateInFuture`; the database
    refuses one that overlaps.
    """
    if await session.get(Contact, (session.context.tenant_id, data.contact_id)) is None:
        raise UnknownContact
    try:
        customer = await require(session, Customer, data.customer_id, lock=True)
    except NotFound as error:
        raise UnknownCustomer from error
    customer.require_current()
    affiliation = Affiliation(
        **data.model_dump(exclude={"started_on"}),
        is_main=False,
        started_on=business_day.happened(data.started_on, today),
    )
    _start(session, affiliation)
    return affiliation


async def change_affiliation(
    session: Session, affiliation_id: UUID, data: AffiliationUpdate, *, expected_version: int
) -> Affiliation:
    """Change position or part at the customer. Raises `MainAffiliation`, `AffiliationHasEnded`."""
    affiliation = await require(
        session, Affiliation, affiliation_id, lock=True, expected_version=expected_version
    )
    affiliation.require_secondary()
    affiliation.require_open()
    for name, value in data.given().items():
        setattr(affiliation, name, value)
    _record_change(session, affiliation)
    return affiliation


async def end_affiliation(
    session: Session,
    affiliation_id: UUID,
    data: AffiliationEnding,
    *,
    today: date,
    expected_version: int | None,
) -> Affiliation:
    """End an affiliation; it stays as history.

    Raises `MainAffiliation`, `AffiliationHasEnded`, `DateInFuture`, `DateBeforePrevious`.
    """
    affiliation = await require(
        session, Affiliation, affiliation_id, lock=True, expected_version=expected_version
    )
    affiliation.require_secondary()
    _end(session, affiliation, business_day.happened(data.on, today), data.reason)
    return affiliation


async def list_affiliations(
    session: Session, filters: AffiliationFilters
) -> tuple[list[Affiliation], str | None, int | None]:
    """Return one page of the affiliations that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Affiliation.id,
    )


def start_main(session: Session, contact: Contact, on: date) -> Affiliation:
    """Begin the history of a contact at the customer where it is now."""
    place = {name: getattr(contact, name) for name in PLACE}
    affiliation = Affiliation(
        contact_id=contact.id,
        customer_id=contact.customer_id,
        is_main=True,
        started_on=on,
        **place,
    )
    _start(session, affiliation)
    return affiliation


async def main_of(session: Session, contact: Contact) -> Affiliation | None:
    """Return the contact's main affiliation, or None after the person has left.

    A contact that an older version of this service has entered has none yet: it gets one, since
    the day it was entered.
    """
    affiliation = await queries.latest_main_of(session, contact)
    if affiliation is None:
        affiliation = start_main(session, contact, contact.created_at.date())
        await session.flush()
    return affiliation if affiliation.ended_on is None else None


async def change_main(session: Session, contact: Contact) -> None:
    """Let the main affiliation say what the contact says about the place there."""
    affiliation = await main_of(session, contact)
    if affiliation is not None:
        for name in PLACE:
            setattr(affiliation, name, getattr(contact, name))
        _record_change(session, affiliation)


async def end_main(session: Session, contact: Contact, on: date, reason: str | None) -> bool:
    """End the contact's main affiliation; return False if the person had left before.

    Raises `DateBeforePrevious`.
    """
    affiliation = await main_of(session, contact)
    if affiliation is None:
        return False
    _end(session, affiliation, on, reason)
    return True


async def require_left_by(session: Session, contact: Contact, on: date) -> None:
    """Refuse a new place that begins before the last one ended. Raises `DateBeforePrevious`."""
    last = await queries.latest_main_of(session, contact)
    if last is not None and last.ended_on is not None:
        business_day.follows(on, last.ended_on)


def _start(session: Session, affiliation: Affiliation) -> None:
    audit.created(session, affiliation)
    outbox.add(session, events.started(affiliation), sequence=affiliation.version)


def _record_change(session: Session, affiliation: Affiliation) -> None:
    fields = audit.changed(session, affiliation, "changed")
    if fields:
        outbox.add(session, events.changed(affiliation, fields), sequence=affiliation.version)


def _end(session: Session, affiliation: Affiliation, on: date, reason: str | None) -> None:
    affiliation.end(on, reason)
    fields = audit.changed(session, affiliation, "ended")
    outbox.add(session, events.ended(affiliation, fields), sequence=affiliation.version)
