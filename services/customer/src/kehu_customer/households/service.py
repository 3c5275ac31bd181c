"""What can be done with a household. Its members change with it: every command locks it first.

Only whoever joins is locked before it, as customers are before everything that names them.
"""

from datetime import date
from uuid import UUID

from kehu_customer.contact_points.errors import OnePartyNeeded
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.contacts.models import Contact
from kehu_customer.customers.models import Customer, CustomerKind
from kehu_customer.households import events, queries
from kehu_customer.households.errors import NotAPerson, NotInHousehold
from kehu_customer.households.models import Household, HouseholdMember
from kehu_customer.households.schemas import (
    HouseholdCreate,
    HouseholdFilters,
    HouseholdJoining,
    HouseholdLeaving,
    HouseholdUpdate,
)
from kehu_kernel import audit, business_day, ids, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

Members = list[HouseholdMember]


async def create_household(session: Session, data: HouseholdCreate) -> Household:
    """Set up a household, without members."""
    household = Household(name=data.name)
    audit.created(session, household)
    outbox.add(session, events.created(household), sequence=household.version)
    return household


async def change_household(
    session: Session, household_id: UUID, data: HouseholdUpdate, *, expected_version: int
) -> tuple[Household, Members]:
    """Rename a household."""
    household, members = await _lock(session, household_id, expected_version)
    for name, value in data.given().items():
        setattr(household, name, value)
    fields = audit.changed(session, household, "changed")
    if fields:
        event = events.changed(household, members, fields)
        outbox.add(session, event, sequence=household.version)
    return household, members


async def join_household(
    session: Session,
    household_id: UUID,
    data: HouseholdJoining,
    *,
    today: date,
    expected_version: int | None,
) -> tuple[Household, Members]:
    """Let a person join.

    Raises `OnePartyNeeded`, `UnknownCustomer`, `UnknownContact`, `CustomerMerged`, `NotAPerson`,
    `DateInFuture`; the database refuses a person of another household, and a second head.
    """
    await _require_person(session, data)
    household, members = await _lock(session, household_id, expected_version)
    member = HouseholdMember(
        id=ids.new_id(),
        household_id=household.id,
        customer_id=data.customer_id,
        contact_id=data.contact_id,
        relation=data.relation,
        joined_on=business_day.happened(data.on, today),
    )
    session.add(member)
    _record(session, household, "member-joined", members, [*members, member])
    return household, [*members, member]


async def leave_household(
    session: Session,
    household_id: UUID,
    data: HouseholdLeaving,
    *,
    today: date,
    expected_version: int | None,
) -> tuple[Household, Members]:
    """Let a person leave; the membership stays as history.

    Raises `OnePartyNeeded`, `NotInHousehold`, `DateInFuture`, `DateBeforePrevious`.
    """
    household, members = await _lock(session, household_id, expected_version)
    _require_one(data)
    wanted = (data.customer_id, data.contact_id)
    rest = [one for one in members if (one.customer_id, one.contact_id) != wanted]
    if len(rest) == len(members):
        raise NotInHousehold(name=household.name)
    (leaving,) = (one for one in members if one not in rest)
    leaving.leave(business_day.happened(data.on, today))
    _record(session, household, "member-left", members, rest)
    return household, rest


async def read_household(session: Session, household_id: UUID) -> tuple[Household, Members]:
    """Return a household and who belongs to it now. Raises `NotFound`."""
    household = await require(session, Household, household_id)
    return household, (await queries.members_of(session, [household]))[household.id]


async def list_households(
    session: Session, filters: HouseholdFilters
) -> tuple[list[tuple[Household, Members]], str | None, int | None]:
    """Return one page of the households that match, the next cursor, and the count if asked."""
    households, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Household.id,
    )
    members = await queries.members_of(session, households) if households else {}
    return [(one, members[one.id]) for one in households], cursor, count


async def _lock(
    session: Session, household_id: UUID, expected_version: int | None
) -> tuple[Household, Members]:
    household = await require(
        session, Household, household_id, lock=True, expected_version=expected_version
    )
    return household, (await queries.members_of(session, [household]))[household.id]


def _require_one(data: HouseholdJoining | HouseholdLeaving) -> None:
    if (data.customer_id is None) == (data.contact_id is None):
        raise OnePartyNeeded


async def _require_person(session: Session, data: HouseholdJoining) -> None:
    """Refuse whoever is not exactly one person on record."""
    _require_one(data)
    tenant_id = session.context.tenant_id
    if data.contact_id is not None:
        if await session.get(Contact, (tenant_id, data.contact_id)) is None:
            raise UnknownContact
        return
    key = (tenant_id, data.customer_id)
    customer = await session.get(Customer, key, lock="FOR SHARE")  # not merged meanwhile
    if customer is None:
        raise UnknownCustomer
    customer.require_unmerged()
    if customer.kind != CustomerKind.PERSON:
        raise NotAPerson(name=customer.name)


def _record(
    session: Session, household: Household, action: str, before: Members, after: Members
) -> None:
    fields = audit.changed(session, household, action, members=(_told(before), _told(after)))
    event = events.changed(household, after, fields)
    outbox.add(session, event, sequence=household.version)


def _told(members: Members) -> list[dict[str, object]]:
    return [
        {"customer_id": one.customer_id, "contact_id": one.contact_id, "relation": one.relation}
        for one in members
    ]
