"""The target API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.directory.errors import UnknownDepartment, UnknownEmployee
from kehu_sales.targets import service
from kehu_sales.targets.errors import OneSubject, TargetTaken, TargetWithdrawn
from kehu_sales.targets.models import Target
from kehu_sales.targets.schemas import (
    Attainment,
    TargetCreate,
    TargetFilters,
    TargetRead,
    TargetUpdate,
)

routes = router("/v1/targets", "targets")
attainments = router("/v1/target-attainments", "targets")
READ = requires("sales:targets:read")
WRITE = requires("sales:targets:write")


@routes.post(
    "",
    summary="Set a target",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        OneSubject, UnknownEmployee, UnknownDepartment, TargetTaken, OutsideRowScope
    ),
)
async def set_target(data: TargetCreate, session: Session, response: Response) -> TargetRead:
    """Set what an employee, or a department with those below it, is to win in a period."""
    target = await service.set_target(session, data)
    response.headers["Location"] = f"/v1/targets/{target.id}"
    return _answer(target, response)


@routes.get("", summary="List targets", dependencies=[READ])
async def list_targets(
    session: Session, filters: Annotated[TargetFilters, Query()]
) -> Page[TargetRead]:
    """Targets that match all filters, a page at a time."""
    targets, cursor, count = await service.list_targets(session, filters)
    return Page(items=[TargetRead.of(one) for one in targets], next_cursor=cursor, count=count)


@routes.get("/{target_id}", summary="Read a target", dependencies=[READ])
async def read_target(target_id: UUID, session: Session, response: Response) -> TargetRead:
    """One target, with its ETag."""
    return _answer(await require(session, Target, target_id), response)


@routes.patch(
    "/{target_id}",
    summary="Change a target",
    dependencies=[WRITE],
    responses=problems(TargetWithdrawn),
)
async def change_target(
    target_id: UUID,
    data: TargetUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> TargetRead:
    """Set the amount anew; what it was before stands in the audit log."""
    target = await service.change_target(session, target_id, data, expected_version=version)
    return _answer(target, response)


@routes.post(
    "/{target_id}/withdraw",
    summary="Withdraw a target",
    dependencies=[WRITE],
    responses=problems(TargetWithdrawn),
)
async def withdraw_target(
    target_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> TargetRead:
    """Pursue a target no more; it stays on record."""
    target = await service.withdraw_target(session, target_id, expected_version=version)
    return _answer(target, response)


@attainments.get("", summary="Compare targets with what was won", dependencies=[READ])
async def list_attainments(
    session: Session, filters: Annotated[TargetFilters, Query()]
) -> Page[Attainment]:
    """Targets that match all filters, each with what was won of it: of what the caller may see."""
    found, cursor, count = await service.list_attainments(session, filters)
    return Page(items=found, next_cursor=cursor, count=count)


def _answer(target: Target, response: Response) -> TargetRead:
    set_etag(response, target)
    return TargetRead.of(target)
