"""Reading households."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.households.models import Household, HouseholdMember
from kehu_customer.households.schemas import HouseholdFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"name": Household.name}


def matching(tenant_id: str, filters: HouseholdFilters) -> Select[Household]:
    """Return the query for the households that match all filters."""
    query = select(Household).where(Household.tenant_id == tenant_id)
    for name in ("customer_id", "contact_id"):
        value = getattr(filters, name)
        if value is not None:
            theirs = select(HouseholdMember.household_id).where(
                HouseholdMember.tenant_id == tenant_id,
                getattr(HouseholdMember, name) == value,
                HouseholdMember.left_on.is_(None),
            )
            query = query.where(Household.id.in_(theirs))
    if filters.q is not None:
        query = query.where(Household.name.icontains(filters.q, autoescape=True))
    return query


async def members_of(
    session: Session, households: Sequence[Household]
) -> dict[UUID, list[HouseholdMember]]:
    """Return who belongs to each of the households now, in the order they joined."""
    found: dict[UUID, list[HouseholdMember]] = {one.id: [] for one in households}
    query = (
        select(HouseholdMember)
        .where(
            HouseholdMember.tenant_id == session.context.tenant_id,
            HouseholdMember.household_id.in_(found),
            HouseholdMember.left_on.is_(None),
        )
        .order_by(HouseholdMember.joined_on, HouseholdMember.id)
    )
    for member in await session.scalars(query):
        found[member.household_id].append(member)
    return found
