"""The sales method API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.methods import service
from kehu_sales.methods.errors import (
    DefaultMethodNeeded,
    DefaultMethodTaken,
    MethodCodeTaken,
    MethodInUse,
    MethodWithdrawn,
    StageCodesRepeat,
    SuccessRateMustRise,
)
from kehu_sales.methods.models import Method
from kehu_sales.methods.schemas import MethodCreate, MethodFilters, MethodRead, MethodUpdate

routes = router("/v1/methods", "methods")
READ = requires("sales:methods:read")
WRITE = requires("sales:methods:write")


@routes.post(
    "",
    summary="Create a sales method",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(MethodCodeTaken, DefaultMethodTaken, StageCodesRepeat, SuccessRateMustRise),
)
async def create_method(data: MethodCreate, session: Session, response: Response) -> MethodRead:
    """Set up a sales method with its stages. The first one of all becomes the default."""
    method = await service.create_method(session, data)
    response.headers["Location"] = f"/v1/methods/{method.id}"
    return _answer(method, response)


@routes.get("", summary="List sales methods", dependencies=[READ])
async def list_methods(
    session: Session, filters: Annotated[MethodFilters, Query()]
) -> Page[MethodRead]:
    """Sales methods that match all filters, a page at a time."""
    methods, cursor, count = await service.list_methods(session, filters)
    return Page(
        items=[MethodRead.of(method) for method in methods], next_cursor=cursor, count=count
    )


@routes.get("/{method_id}", summary="Read a sales method", dependencies=[READ])
async def read_method(method_id: UUID, session: Session, response: Response) -> MethodRead:
    """One sales method with its stages and its ETag."""
    return _answer(await require(session, Method, method_id), response)


@routes.patch(
    "/{method_id}",
    summary="Change a sales method",
    dependencies=[WRITE],
    responses=problems(
        MethodCodeTaken, MethodInUse, DefaultMethodNeeded, StageCodesRepeat, SuccessRateMustRise
    ),
)
async def change_method(
    method_id: UUID,
    data: MethodUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> MethodRead:
    """Rename, withdraw, or replace the stages.

    Stages cannot change while an opportunity in progress follows them: set up a new method and
    make it the default.
    """
    method = await service.change_method(session, method_id, data, expected_version=version)
    return _answer(method, response)


@routes.post(
    "/{method_id}/make-default",
    summary="Make a sales method the default",
    dependencies=[WRITE],
    responses=problems(MethodWithdrawn, DefaultMethodTaken),
)
async def make_default_method(
    method_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> MethodRead:
    """Let new opportunities take this method; the former default keeps its opportunities."""
    method = await service.make_default_method(session, method_id, expected_version=version)
    return _answer(method, response)


def _answer(method: Method, response: Response) -> MethodRead:
    set_etag(response, method)
    return MethodRead.of(method)
