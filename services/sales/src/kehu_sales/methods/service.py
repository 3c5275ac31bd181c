"""What can be done with a sales method. One function per command; each runs in one transaction."""

from uuid import UUID

from sqlalchemy import func, select

from kehu_kernel import audit, outbox
from kehu_kernel.db import require
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.methods import events, queries
from kehu_sales.methods.models import Method, MethodVersion
from kehu_sales.methods.schemas import MethodCreate, MethodFilters, MethodUpdate
from kehu_sales.methods.stages import require_sound
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status


async def create_method(session: Session, data: MethodCreate) -> Method:
    """Set up a method. The first one becomes the default, also unasked.

    Raises what `require_sound` raises; the database refuses a code that is taken.
    """
    stages = tuple(stage.stage() for stage in data.stages)
    require_sound(stages)
    await _take_turns(session)
    default = await queries.default_method(session)
    if default is not None and data.is_default:
        await _give_up_default(session, default)
    method = Method(
        code=data.code,
        name=data.name,
        is_default=data.is_default or default is None,
        active=True,
        winning_asks=data.winning_asks,
        stages=stages,
        stages_version=1,
        stages_since=session.context.now,
    )
    audit.created(session, method)
    outbox.add(session, events.created(method), sequence=method.version)
    return method


async def change_method(
    session: Session, method_id: UUID, data: MethodUpdate, *, expected_version: int
) -> Method:
    """Rename or withdraw a method, or replace its stages by a new version.

    Raises `DefaultMethodNeeded`, or what `require_sound` raises; the database refuses a code that
    is taken.
    """
    method = await require(session, Method, method_id, lock=True, expected_version=expected_version)
    if data.stages is not None:
        stages = tuple(stage.stage() for stage in data.stages)
        require_sound(stages)
        if stages != method.stages:
            session.add(method.renew(stages, session.context.now, session.context.actor))
    if data.active is False:
        method.withdraw()
    given = data.given()
    for name in given.keys() - {"stages"}:
        setattr(method, name, given[name])
    fields = audit.changed(session, method, "changed")
    if fields:
        outbox.add(session, events.changed(method, fields), sequence=method.version)
    return method


async def make_default_method(
    session: Session, method_id: UUID, *, expected_version: int | None
) -> Method:
    """Let new opportunities take this method; the former default is one no more.

    Raises `MethodWithdrawn`. Making the default method the default changes nothing.
    """
    await _take_turns(session)
    method = await require(session, Method, method_id, lock=True, expected_version=expected_version)
    if method.is_default:
        return method
    method.require_active()
    default = await queries.default_method(session)
    if default is not None:
        await _give_up_default(session, default)
    method.make_default()
    fields = audit.changed(session, method, "made-default")
    outbox.add(session, events.changed(method, fields), sequence=method.version)
    return method


async def list_methods(
    session: Session, filters: MethodFilters
) -> tuple[list[Method], str | None, int | None]:
    """Return one page of the methods that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Method.id,
    )


async def list_versions(
    session: Session, method_id: UUID
) -> tuple[Method, list[MethodVersion], dict[int, int]]:
    """Return a method, the superseded versions of its stages, and who follows which.

    The last are the numbers of opportunities in progress by version.
    """
    method = await require(session, Method, method_id)
    past = await queries.versions_of(session, method_id)
    counted = await session.execute(
        select(Opportunity.method_version, func.count())
        .where(
            Opportunity.tenant_id == method.tenant_id,
            Opportunity.method_id == method_id,
            Opportunity.status == Status.IN_PROGRESS,
        )
        .group_by(Opportunity.method_version)
    )
    return method, past, dict(tuple(row) for row in counted)


async def _give_up_default(session: Session, default: Method) -> None:
    former = await require(session, Method, default.id, lock=True)
    former.is_default = False
    fields = audit.changed(session, former, "no-longer-default")
    outbox.add(session, events.changed(former, fields), sequence=former.version)
    await session.flush()  # before the other one takes its place: there is never more than one


async def _take_turns(session: Session) -> None:
    """Let changes of a tenant's default method take turns: each must see the other's."""
    series = f"default-method:{session.context.tenant_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(series))))
