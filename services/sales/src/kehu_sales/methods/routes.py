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
    KindMustNotFall,
    MethodCodeTaken,
    MethodWithdrawn,
    ReturnMustLeadBack,
    StageCodesRepeat,
    SuccessRateMustRise,
)
from kehu_sales.methods.models import Method
from kehu_sales.methods.presets import PRESETS
from kehu_sales.methods.schemas import (
    MethodCreate,
    MethodFilters,
    MethodRead,
    MethodUpdate,
    PresetList,
    VersionList,
    VersionRead,
    stages_read,
)

routes = router("/v1/methods", "methods")
presets = router("/v1/method-presets", "methods")
STAGES = (StageCodesRepeat, SuccessRateMustRise, KindMustNotFall, ReturnMustLeadBack)
READ = requires("sales:methods:read")
WRITE = requires("sales:methods:write")


@routes.post(
    "",
    summary="Create a sales method",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(MethodCodeTaken, DefaultMethodTaken, *STAGES),
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
    responses=problems(MethodCodeTaken, DefaultMethodNeeded, *STAGES),
)
async def change_method(
    method_id: UUID,
    data: MethodUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> MethodRead:
    """Rename, withdraw, or replace the stages.

    Other stages are a new version. Opportunities in progress go on with the version they have,
    until they are moved on purpose (`POST /v1/opportunities/{id}/move-method`).
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


@routes.get(
    "/{method_id}/versions", summary="List the versions of a method's stages", dependencies=[READ]
)
async def list_method_versions(method_id: UUID, session: Session) -> VersionList:
    """Every version with its stages, the newest first, and how many opportunities follow it."""
    method, past, following = await service.list_versions(session, method_id)
    newest = VersionRead(
        number=method.stages_version,
        valid_from=method.stages_since or method.created_at,
        valid_until=None,
        superseded_by=None,
        in_progress=following.get(method.stages_version, 0),
        stages=stages_read(method.stages),
    )
    older = [
        VersionRead(
            number=one.number,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
            superseded_by=one.superseded_by,
            in_progress=following.get(one.number, 0),
            stages=stages_read(one.stages),
        )
        for one in past
    ]
    return VersionList(items=[newest, *older])


@presets.get("", summary="List prepared sales methods", dependencies=[READ])
async def list_method_presets(_session: Session) -> PresetList:
    """Methods to begin with; send one to `POST /v1/methods`, as it is or changed."""
    return PRESETS


def _answer(method: Method, response: Response) -> MethodRead:
    set_etag(response, method)
    return MethodRead.of(method)
