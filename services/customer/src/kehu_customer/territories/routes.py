"""The territory API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.territories import service
from kehu_customer.territories.errors import TerritoryCodeTaken
from kehu_customer.territories.models import Territory
from kehu_customer.territories.schemas import (
    TerritoryCreate,
    TerritoryFilters,
    TerritoryRead,
    TerritoryUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/territories", "territories")
READ = requires("customer:directory:read")
WRITE = requires("customer:directory:write")


@routes.post(
    "",
    summary="Create a territory",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(TerritoryCodeTaken),
)
async def create_territory(
    data: TerritoryCreate, session: Session, response: Response
) -> TerritoryRead:
    """Set up a sales area that employees can cover."""
    territory = await service.create_territory(session, data)
    response.headers["Location"] = f"/v1/territories/{territory.id}"
    return _answer(territory, response)


@routes.get("", summary="List territories", dependencies=[READ])
async def list_territories(
    session: Session, filters: Annotated[TerritoryFilters, Query()]
) -> Page[TerritoryRead]:
    """Territories that match all filters, a page at a time."""
    territories, cursor, count = await service.list_territories(session, filters)
    return Page(
        items=[TerritoryRead.of(territory) for territory in territories],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{territory_id}", summary="Read a territory", dependencies=[READ])
async def read_territory(territory_id: UUID, session: Session, response: Response) -> TerritoryRead:
    """One territory, with its ETag."""
    return _answer(await require(session, Territory, territory_id), response)


@routes.patch(
    "/{territory_id}",
    summary="Change a territory",
    dependencies=[WRITE],
    responses=problems(TerritoryCodeTaken),
)
async def change_territory(
    territory_id: UUID,
    data: TerritoryUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> TerritoryRead:
    """Change code or name; fields left out stay."""
    territory = await service.change_territory(
        session, territory_id, data, expected_version=version
    )
    return _answer(territory, response)


def _answer(territory: Territory, response: Response) -> TerritoryRead:
    set_etag(response, territory)
    return TerritoryRead.of(territory)
