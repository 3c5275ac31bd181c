"""The API of saved views."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.custom_fields.errors import FieldNotSearchable
from kehu_customer.saved_views import checking, service
from kehu_customer.saved_views.errors import (
    SharingNotAllowed,
    ViewColumnUnknown,
    ViewDeleted,
    ViewFilterInvalid,
    ViewNameTaken,
    ViewOfOthers,
)
from kehu_customer.saved_views.models import SavedView
from kehu_customer.saved_views.schemas import (
    DefaultViewPut,
    DefaultViewRead,
    SavedViewCreate,
    SavedViewFilters,
    SavedViewRead,
    SavedViewUpdate,
)
from kehu_kernel.auth import requires
from kehu_kernel.errors import NotFound
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1", "saved views")
READ = requires("customer:customers:read")
REFUSED = (
    ViewFilterInvalid, ViewColumnUnknown, FieldNotSearchable, SharingNotAllowed, ViewNameTaken,
)  # fmt: skip


@routes.post(
    "/saved-views",
    summary="Save a view of the customer list",
    status_code=status.HTTP_201_CREATED,
    dependencies=[READ],
    responses=problems(*REFUSED),
)
async def create_saved_view(
    data: SavedViewCreate, session: Session, response: Response
) -> SavedViewRead:
    """Keep filters, order and columns under a name, for oneself or to share.

    Sharing needs `customer:views:share`.
    """
    view = await service.create_view(session, data)
    response.headers["Location"] = f"/v1/saved-views/{view.id}"
    return await _answer(session, view, response)


@routes.get("/saved-views", summary="List saved views", dependencies=[READ])
async def list_saved_views(
    session: Session, filters: Annotated[SavedViewFilters, Query()]
) -> Page[SavedViewRead]:
    """One's own views, and those that others share; a page at a time."""
    views, cursor, count = await service.list_views(session, filters)
    retired = await checking.retired_fields(session, views)
    items = [_shown(view, retired) for view in views]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/saved-views/{view_id}", summary="Read a saved view", dependencies=[READ])
async def read_saved_view(view_id: UUID, session: Session, response: Response) -> SavedViewRead:
    """A view, with the address of its list and its ETag."""
    return await _answer(session, await service.read_view(session, view_id), response)


@routes.patch(
    "/saved-views/{view_id}",
    summary="Change a saved view",
    dependencies=[READ],
    responses=problems(*REFUSED, ViewOfOthers, ViewDeleted),
)
async def change_saved_view(
    view_id: UUID,
    data: SavedViewUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> SavedViewRead:
    """Change one's own view; fields left out stay."""
    view = await service.change_view(session, view_id, data, expected_version=version)
    return await _answer(session, view, response)


@routes.post(
    "/saved-views/{view_id}/delete",
    summary="Delete a saved view",
    dependencies=[READ],
    responses=problems(ViewOfOthers, ViewDeleted),
)
async def delete_saved_view(
    view_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> SavedViewRead:
    """Delete one's own view; nobody finds it any more."""
    view = await service.delete_view(session, view_id, expected_version=version)
    return await _answer(session, view, response)


@routes.get("/default-view", summary="Read the default view", dependencies=[READ])
async def read_default_view(session: Session, response: Response) -> DefaultViewRead:
    """With which view the caller's list begins, with the ETag."""
    default = await service.read_default(session)
    set_etag(response, default)
    return DefaultViewRead.of(default)


@routes.put(
    "/default-view",
    summary="Choose the default view",
    dependencies=[READ],
    responses=problems(NotFound),
)
async def choose_default_view(
    data: DefaultViewPut, session: Session, version: ExpectedVersion, response: Response
) -> DefaultViewRead:
    """Have the caller's list begin with a view, of one's own or shared."""
    default = await service.choose_default(session, data, expected_version=version)
    set_etag(response, default)
    return DefaultViewRead.of(default)


async def _answer(session: Session, view: SavedView, response: Response) -> SavedViewRead:
    set_etag(response, view)
    return _shown(view, await checking.retired_fields(session, [view]))


def _shown(view: SavedView, retired: set[str]) -> SavedViewRead:
    mine = sorted(retired & checking.codes_of(view))
    return SavedViewRead.of(view, list_url=checking.list_url(view), retired_fields=mine)
