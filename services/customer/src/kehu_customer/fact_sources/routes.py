"""The API of sources of facts."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.fact_sources import service
from kehu_customer.fact_sources.errors import SourceCodeTaken
from kehu_customer.fact_sources.models import FactSource
from kehu_customer.fact_sources.schemas import (
    SourceCreate,
    SourceFilters,
    SourceRead,
    SourceUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/fact-sources", "fact sources")
READ = requires("customer:profiles:read")
WRITE = requires("customer:profiles:write")


@routes.post(
    "",
    summary="Enter a source of facts",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(SourceCodeTaken),
)
async def create_source(data: SourceCreate, session: Session, response: Response) -> SourceRead:
    """Name another place where facts about customers come from."""
    source = await service.create_source(session, data)
    response.headers["Location"] = f"/v1/fact-sources/{source.id}"
    return _answer(source, response)


@routes.get("", summary="List sources of facts", dependencies=[READ])
async def list_sources(
    session: Session, filters: Annotated[SourceFilters, Query()]
) -> Page[SourceRead]:
    """Sources that match all filters, a page at a time."""
    found, cursor, count = await service.list_sources(session, filters)
    return Page(items=[SourceRead.of(source) for source in found], next_cursor=cursor, count=count)


@routes.get("/{source_id}", summary="Read a source of facts", dependencies=[READ])
async def read_source(source_id: UUID, session: Session, response: Response) -> SourceRead:
    """One source, with its ETag."""
    return _answer(await require(session, FactSource, source_id), response)


@routes.patch("/{source_id}", summary="Change a source of facts", dependencies=[WRITE])
async def change_source(
    source_id: UUID,
    data: SourceUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> SourceRead:
    """Change a source; the code stays. Due days follow when archives are refreshed."""
    source = await service.change_source(session, source_id, data, expected_version=version)
    return _answer(source, response)


def _answer(source: FactSource, response: Response) -> SourceRead:
    set_etag(response, source)
    return SourceRead.of(source)
