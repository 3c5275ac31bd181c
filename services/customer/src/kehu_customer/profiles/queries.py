"""Reading profiles and definitions of facts."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from kehu_customer.profiles.definition_schemas import DefinitionFilters
from kehu_customer.profiles.models import FactDefinition, Profile
from kehu_customer.profiles.schemas import ProfileFilters
from kehu_kernel.session import Session

PROFILE_ORDER = {"code": Profile.code}
DEFINITION_ORDER = {"code": FactDefinition.code}
DEFINITION_FILTERS = (
    "profile_id", "section_code", "code", "type", "data_group", "sensitive", "active",
)  # fmt: skip


def matching_profiles(tenant_id: str, filters: ProfileFilters) -> Select[Profile]:
    """Return the query for the profiles that match all filters."""
    query = select(Profile).where(Profile.tenant_id == tenant_id)
    if filters.code is not None:
        query = query.where(Profile.code == filters.code)
    if filters.active is not None:
        query = query.where(Profile.active == filters.active)
    return query


def matching_definitions(tenant_id: str, filters: DefinitionFilters) -> Select[FactDefinition]:
    """Return the query for the definitions that match all filters."""
    query = select(FactDefinition).where(FactDefinition.tenant_id == tenant_id)
    for name in DEFINITION_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(FactDefinition, name) == value)
    return query


async def profiles(session: Session) -> list[Profile]:
    """Return all profiles of the tenant, also retired ones, by code: there are few."""
    query = select(Profile).where(Profile.tenant_id == session.context.tenant_id)
    return await session.scalars(query.order_by(Profile.code))


async def definitions(
    session: Session, profile_ids: Collection[UUID] | None = None
) -> list[FactDefinition]:
    """Return the definitions of these profiles or of all, also retired ones, in their order.

    They come in the order they were defined in: ids are made by time.
    """
    query = select(FactDefinition).where(FactDefinition.tenant_id == session.context.tenant_id)
    if profile_ids is not None:
        query = query.where(FactDefinition.profile_id.in_(profile_ids))
    return await session.scalars(query.order_by(FactDefinition.id))
