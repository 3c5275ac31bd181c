"""What can be done with a territory."""

from uuid import UUID

from kehu_customer.territories import events, queries
from kehu_customer.territories.models import Territory
from kehu_customer.territories.schemas import TerritoryCreate, TerritoryFilters, TerritoryUpdate
from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_territory(session: Session, data: TerritoryCreate) -> Territory:
    """Set up a territory; the database refuses a code that is taken."""
    territory = Territory(code=data.code, name=data.name)
    audit.created(session, territory)
    outbox.add(session, events.created(territory), sequence=territory.version)
    return territory


async def change_territory(
    session: Session, territory_id: UUID, data: TerritoryUpdate, *, expected_version: int
) -> Territory:
    """Change code or name; the database refuses a code that is taken."""
    territory = await require(
        session, Territory, territory_id, lock=True, expected_version=expected_version
    )
    for name, value in data.given().items():
        setattr(territory, name, value)
    fields = audit.changed(session, territory, "changed")
    if fields:
        outbox.add(session, events.changed(territory, fields), sequence=territory.version)
    return territory


async def list_territories(
    session: Session, filters: TerritoryFilters
) -> tuple[list[Territory], str | None, int | None]:
    """Return one page of the territories that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Territory.id,
    )
