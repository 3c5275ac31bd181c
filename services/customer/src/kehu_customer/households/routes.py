"""The household API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.contact_points.errors import OnePartyNeeded
from kehu_customer.contacts.errors import UnknownContact, UnknownCustomer
from kehu_customer.customers.errors import CustomerMerged
from kehu_customer.households import service
from kehu_customer.households.errors import (
    HouseholdHeadTaken,
    InHouseholdAlready,
    NotAPerson,
    NotInHousehold,
)
from kehu_customer.households.models import Household, HouseholdMember
from kehu_customer.households.schemas import (
    HouseholdCreate,
    HouseholdFilters,
    HouseholdJoining,
    HouseholdLeaving,
    HouseholdRead,
    HouseholdUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/households", "households")
READ = requires("customer:households:read")
WRITE = requires("customer:households:write")


@routes.post(
    "", summary="Create a household", status_code=status.HTTP_201_CREATED, dependencies=[WRITE]
)
async def create_household(
    data: HouseholdCreate, session: Session, response: Response
) -> HouseholdRead:
    """Set up a household; members join it."""
    household = await service.create_household(session, data)
    response.headers["Location"] = f"/v1/households/{household.id}"
    return _answer(response, household, [])


@routes.get("", summary="List households", dependencies=[READ])
async def list_households(
    session: Session, filters: Annotated[HouseholdFilters, Query()]
) -> Page[HouseholdRead]:
    """Households that match all filters, with their members, a page at a time."""
    households, cursor, count = await service.list_households(session, filters)
    return Page(
        items=[HouseholdRead.of(household, members) for household, members in households],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{household_id}", summary="Read a household", dependencies=[READ])
async def read_household(household_id: UUID, session: Session, response: Response) -> HouseholdRead:
    """One household with its members, with its ETag."""
    return _answer(response, *await service.read_household(session, household_id))


@routes.patch("/{household_id}", summary="Change a household", dependencies=[WRITE])
async def change_household(
    household_id: UUID,
    data: HouseholdUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> HouseholdRead:
    """Rename a household."""
    changed = await service.change_household(session, household_id, data, expected_version=version)
    return _answer(response, *changed)


@routes.post(
    "/{household_id}/join",
    summary="Add a member to a household",
    dependencies=[WRITE],
    responses=problems(
        OnePartyNeeded,
        UnknownCustomer,
        UnknownContact,
        CustomerMerged,
        NotAPerson,
        InHouseholdAlready,
        HouseholdHeadTaken,
        DateInFuture,
    ),
)
async def join_household(
    household_id: UUID,
    data: HouseholdJoining,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> HouseholdRead:
    """A person joins: a customer who is a person, or a contact. One household at a time."""
    changed = await service.join_household(
        session, household_id, data, today=today, expected_version=version
    )
    return _answer(response, *changed)


@routes.post(
    "/{household_id}/leave",
    summary="Remove a member from a household",
    dependencies=[WRITE],
    responses=problems(OnePartyNeeded, NotInHousehold, DateInFuture, DateBeforePrevious),
)
async def leave_household(
    household_id: UUID,
    data: HouseholdLeaving,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> HouseholdRead:
    """A person leaves the household; the membership stays as history."""
    changed = await service.leave_household(
        session, household_id, data, today=today, expected_version=version
    )
    return _answer(response, *changed)


def _answer(
    response: Response, household: Household, members: list[HouseholdMember]
) -> HouseholdRead:
    set_etag(response, household)
    return HouseholdRead.of(household, members)
