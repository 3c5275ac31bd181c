"""Reading sales methods."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from kehu_kernel.session import Session
from kehu_sales.db import among
from kehu_sales.methods.models import Method, MethodVersion
from kehu_sales.methods.schemas import MethodFilters

SORT_COLUMNS = {"name": Method.name, "code": Method.code, "created_at": Method.created_at}


def matching(tenant_id: str, filters: MethodFilters) -> Select[Method]:
    """Return the query for the methods that match all filters."""
    query = select(Method).where(Method.tenant_id == tenant_id)
    for name in ("code", "active", "is_default"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Method, name) == value)
    return query


async def default_method(session: Session) -> Method | None:
    """Return the tenant's default method; None only before the first method is set up."""
    method: Method | None = await session.scalar(
        select(Method).where(Method.tenant_id == session.context.tenant_id, Method.is_default)
    )
    return method


async def load_methods(
    session: Session, method_ids: Collection[UUID], *, default: bool = False
) -> dict[UUID, Method]:
    """Return the methods with these ids, and the default one if asked for.

    They are locked against changes until the transaction ends: the stages an opportunity is led
    through cannot change under its feet.
    """
    if not method_ids and not default:
        return {}
    found = await session.read(Method, LED_BY, session.context.tenant_id, list(method_ids), default)
    return {row.id: row for row in found}


LED_BY = """
    WHERE tenant_id = $1 AND (id = ANY ($2::uuid[]) OR $3 AND is_default) ORDER BY id FOR SHARE
"""


async def past_versions(
    session: Session, wanted: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], MethodVersion]:
    """Return the superseded versions with these methods and numbers."""
    if not wanted:
        return {}
    rows = await session.scalars(
        select(MethodVersion).where(
            MethodVersion.tenant_id == session.context.tenant_id,
            among(MethodVersion.method_id, {method_id for method_id, _ in wanted}),
            among(MethodVersion.number, {number for _, number in wanted}),
        )
    )
    return {(row.method_id, row.number): row for row in rows}


async def versions_of(session: Session, method_id: UUID) -> list[MethodVersion]:
    """Return every superseded version of a method's stages, the newest first."""
    rows = await session.scalars(
        select(MethodVersion)
        .where(
            MethodVersion.tenant_id == session.context.tenant_id,
            MethodVersion.method_id == method_id,
        )
        .order_by(MethodVersion.number.desc())
    )
    return list(rows)
