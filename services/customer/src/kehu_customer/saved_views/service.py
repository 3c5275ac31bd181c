"""What can be done with saved views."""

from uuid import UUID

from kehu_customer.saved_views import queries
from kehu_customer.saved_views.checking import require_known
from kehu_customer.saved_views.models import DefaultView, SavedView
from kehu_customer.saved_views.schemas import (
    DefaultViewPut,
    SavedViewCreate,
    SavedViewFilters,
    SavedViewUpdate,
)
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound, VersionConflict
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session


async def create_view(session: Session, data: SavedViewCreate) -> SavedView:
    """Keep filters, order and columns under a name.

    Raises `ViewFilterInvalid`, `ViewColumnUnknown`, `FieldNotSearchable`, `SharingNotAllowed`; the
    database refuses a name that the caller has already.
    """
    view = SavedView(
        name=data.name,
        made_by=session.context.actor,
        filters=data.filters,
        columns=data.columns,
        deleted=False,
    )
    department_id = await queries.department_of_caller(session)
    view.share(data.audience, department_id, session.context.scopes)
    await require_known(session, view)
    audit.created(session, view)
    return view


async def change_view(
    session: Session, view_id: UUID, data: SavedViewUpdate, *, expected_version: int
) -> SavedView:
    """Change one's own view.

    Raises `ViewOfOthers`, `ViewDeleted` and what `create_view` raises.
    """
    view = await _own(session, view_id, expected_version)
    given = data.given()
    if data.audience is not None:
        del given["audience"]
        department_id = await queries.department_of_caller(session)
        view.share(data.audience, department_id, session.context.scopes)
    for name, value in given.items():
        setattr(view, name, value)
    if data.filters is not None or data.columns is not None:
        await require_known(session, view)
    audit.changed(session, view, "changed")
    return view


async def delete_view(
    session: Session, view_id: UUID, *, expected_version: int | None
) -> SavedView:
    """Delete one's own view; whose list began with it has the plain list.

    Raises `ViewOfOthers`, `ViewDeleted`.
    """
    view = await _own(session, view_id, expected_version)
    view.deleted = True
    audit.changed(session, view, "deleted")
    return view


async def read_view(session: Session, view_id: UUID) -> SavedView:
    """Return a view that the caller may use. Raises `NotFound`."""
    department_id = await queries.department_of_caller(session)
    query = queries.usable(session, department_id).where(SavedView.id == view_id)
    view = await session.scalar(query)
    if view is None:
        raise NotFound.of(SavedView, view_id)
    return view


async def list_views(
    session: Session, filters: SavedViewFilters
) -> tuple[list[SavedView], str | None, int | None]:
    """Return one page of the views the caller may use, the next cursor, the count if asked."""
    department_id = await queries.department_of_caller(session)
    return await paginate(
        session,
        queries.matching(session, department_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=SavedView.id,
    )


async def read_default(session: Session) -> DefaultView:
    """Return with which view the caller's list begins; one that is no more is the plain list."""
    default = await queries.default_of_caller(session)
    if default.view_id is not None:
        department_id = await queries.department_of_caller(session)
        usable = queries.usable(session, department_id).where(SavedView.id == default.view_id)
        if await session.scalar(usable) is None:
            return DefaultView(version=default.version, subject=default.subject, view_id=None)
    return default


async def choose_default(
    session: Session, data: DefaultViewPut, *, expected_version: int
) -> DefaultView:
    """Have the caller's list begin with a view. Raises `NotFound` for one that is not shared.

    Of two first choices at once the database lets one win.
    """
    if data.view_id is not None:
        await read_view(session, data.view_id)
    default = await queries.default_of_caller(session)
    chosen = default.version > 0
    if chosen:
        default = await require(
            session, DefaultView, default.id, lock=True, expected_version=expected_version
        )
    elif expected_version != 0:
        raise VersionConflict(current=0, expected=expected_version)
    default.view_id = data.view_id
    if chosen:
        audit.changed(session, default, "chosen")
    else:
        audit.created(session, default)
    return default


async def _own(session: Session, view_id: UUID, expected_version: int | None) -> SavedView:
    await read_view(session, view_id)  # one that is not shared does not exist for the caller
    view = await require(session, SavedView, view_id, lock=True, expected_version=expected_version)
    view.require_maker(session.context.actor)
    return view
