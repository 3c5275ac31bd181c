"""Reading imports, the parts of their files, and what became of rows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, select

from kehu_contracts.access import RowScope
from kehu_customer.contact_points.models import ContactPoint
from kehu_customer.custom_fields.models import CustomField
from kehu_customer.custom_fields.values import is_hidden
from kehu_customer.customers.models import Customer
from kehu_customer.db import Base
from kehu_customer.imports.models import (
    WORKING,
    Import,
    ImportPart,
    ImportRow,
    ImportState,
    Outcome,
)
from kehu_customer.imports.schemas import ImportFilters, RowFilters
from kehu_kernel.context import Context
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": Import.created_at}
ROW_COLUMNS = {"number": ImportRow.number}


class Due(NamedTuple):
    """An import that goes on."""

    import_id: UUID
    format: str
    context: Context
    """In whose name, and with whose rights."""


def matching(tenant_id: str, filters: ImportFilters) -> Select[Import]:
    """Return the query for the imports that match all filters."""
    query = select(Import).where(Import.tenant_id == tenant_id)
    if filters.state is not None:
        query = query.where(Import.state == filters.state)
    return query


def rows_matching(tenant_id: str, import_id: UUID, filters: RowFilters) -> Select[ImportRow]:
    """Return the query for the rows of an import that match all filters."""
    query = select(ImportRow).where(
        ImportRow.tenant_id == tenant_id, ImportRow.import_id == import_id
    )
    if filters.outcome is not None:
        query = query.where(ImportRow.outcome == filters.outcome)
    return query


async def working(session: Session) -> list[Due]:
    """Return the imports of all tenants that go on, oldest first; for the worker."""
    found = await session.execute(
        select(
            Import.tenant_id,
            Import.id,
            Import.format,
            Import.requested_by,
            Import.request_id,
            Import.traceparent,
            Import.employee_id,
            Import.row_scope,
            Import.scopes,
        )
        .where(Import.state.in_(WORKING))
        .order_by(Import.created_at)
    )
    return [
        Due(
            row.id,
            row.format,
            Context(
                tenant_id=row.tenant_id,
                actor=row.requested_by,
                request_id=row.request_id,
                traceparent=row.traceparent,
                employee_id=row.employee_id,
                row_scope=RowScope(row.row_scope),
                scopes=None if row.scopes is None else frozenset(row.scopes),
            ),
        )
        for row in found
    ]


async def with_old_files(session: Session, before: datetime, limit: int) -> list[tuple[str, UUID]]:
    """Return imports of all tenants, with their tenants, that have a file nobody needs any more."""
    query = (
        select(Import.tenant_id, Import.id)
        .where(_is_old(before))
        .order_by(Import.updated_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in await session.execute(query)]


async def take_old(session: Session, import_id: UUID, before: datetime) -> Import | None:
    """Return one of them, locked; None if it is none any more, or if somebody is at it."""
    query = select(Import).where(
        Import.tenant_id == session.context.tenant_id, Import.id == import_id, _is_old(before)
    )
    return await session.scalar(query.with_for_update(key_share=True, skip_locked=True))


def _is_old(before: datetime) -> ColumnElement[bool]:
    return and_(
        Import.file_dropped_at.is_(None),
        Import.state.not_in((*WORKING, ImportState.PAUSED)),
        Import.updated_at < before,
    )


async def take(session: Session, import_id: UUID) -> Import | None:
    """Return an import to go on with, locked; None if it is over, or if another worker is at it."""
    query = select(Import).where(
        Import.tenant_id == session.context.tenant_id,
        Import.id == import_id,
        Import.state.in_(WORKING),
    )
    return await session.scalar(query.with_for_update(key_share=True, skip_locked=True))


PLAN_FOR_MANY = """
    SELECT set_config('enable_seqscan', 'off', true),
        set_config('plan_cache_mode', 'force_generic_plan', true),
        current_setting('kehu.planned', true) AS planned
"""


async def plan_for_many(session: Session, job: Import) -> None:
    """Have the rest of the transaction find rows by indexes, also where the tables seem empty.

    The first import fills new tables faster than statistics are made of them: look-ups, and checks
    of references, were planned as scans, and each row took longer than the one before. References
    are checked by plans that a connection keeps: those are made anew now and then, when the import
    has doubled. To do it for every batch took longer than all look-ups.
    """
    wanted = f"{job.id}/{job.position.bit_length()}"
    (found,) = await session.fetch(PLAN_FOR_MANY)
    if found["planned"] != wanted:
        await session.fetch("DISCARD PLANS")
        await session.fetch("SELECT set_config('kehu.planned', $1, false)", wanted)


async def sizes_of(session: Session, import_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many parts and how many bytes of each file are there."""
    found = await session.execute(
        select(ImportPart.import_id, func.count(), func.sum(func.length(ImportPart.content)))
        .where(
            ImportPart.tenant_id == session.context.tenant_id,
            ImportPart.import_id.in_(import_ids),
        )
        .group_by(ImportPart.import_id)
    )
    return {import_id: (parts, int(size)) for import_id, parts, size in found}


async def is_complete(session: Session, import_id: UUID) -> bool:
    """Tell whether the file is there: parts from 1 on, without a gap."""
    last = await session.scalar(
        select(func.max(ImportPart.number)).where(
            ImportPart.tenant_id == session.context.tenant_id, ImportPart.import_id == import_id
        )
    )
    parts, _ = (await sizes_of(session, [import_id])).get(import_id, (0, 0))
    return last is not None and last == parts


async def part(session: Session, import_id: UUID, number: int) -> bytes | None:
    """Return a part of the file, None behind the last."""
    found = await session.get(ImportPart, (session.context.tenant_id, import_id, number))
    return found.content if found else None


FORGET_WORDS = """
    UPDATE import_rows SET cells = '[]', reasons = (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'column', one -> 'column', 'code', one -> 'code', 'en', one -> 'code',
            'zh', one -> 'code'
        ) ORDER BY place), '[]')
        FROM jsonb_array_elements(reasons) WITH ORDINALITY AS told (one, place)
    )
    WHERE tenant_id = $1 AND import_id = $2 AND outcome = 'refused'
"""


async def drop_file(session: Session, import_id: UUID) -> None:
    """Delete the file, and what is kept of it for the file of errors.

    Of reasons, codes and columns stay: their words may name customers.
    """
    await session.fetch(FORGET_WORDS, session.context.tenant_id, import_id)
    await session.execute(
        delete(ImportPart).where(
            ImportPart.tenant_id == session.context.tenant_id, ImportPart.import_id == import_id
        )
    )


async def drop_rows(session: Session, import_id: UUID) -> None:
    """Forget what a check found."""
    await session.execute(
        delete(ImportRow).where(
            ImportRow.tenant_id == session.context.tenant_id, ImportRow.import_id == import_id
        )
    )


async def visible_fields(session: Session) -> dict[str, CustomField]:
    """Return the custom fields in use that the caller may know of, by code."""
    query = (
        select(CustomField)
        .where(CustomField.tenant_id == session.context.tenant_id, CustomField.active)
        .order_by(CustomField.code)
    )
    scopes = session.context.scopes
    return {one.code: one for one in await session.scalars(query) if not is_hidden(one, scopes)}


async def refused_after(
    session: Session, import_id: UUID, number: int, limit: int
) -> list[ImportRow]:
    """Return the next refused rows."""
    query = (
        select(ImportRow)
        .where(
            ImportRow.tenant_id == session.context.tenant_id,
            ImportRow.import_id == import_id,
            ImportRow.outcome == Outcome.REFUSED,
            ImportRow.number > number,
        )
        .order_by(ImportRow.number)
        .limit(limit)
    )
    return await session.scalars(query)


# What analytics finds is no work of a person's, and what the import did bears its request's id.
TOUCHED = """
    SELECT entity_id FROM audit_log
        JOIN unnest($2::uuid[], $3::int[]) AS known (id, version) ON entity_id = known.id
    WHERE tenant_id = $1 AND audit_log.version > known.version
        AND action <> 'customer.value-recorded' AND request_id <> $4
    UNION
    SELECT customer_id FROM timeline_entries
    WHERE tenant_id = $1 AND customer_id = ANY($2::uuid[]) AND type NOT LIKE 'customer.%'
"""


async def to_undo(session: Session, job: Import, limit: int) -> list[ImportRow]:
    """Return the next rows that were entered and are not undone, the last first."""
    query = (
        select(ImportRow)
        .where(
            ImportRow.tenant_id == session.context.tenant_id,
            ImportRow.import_id == job.id,
            ImportRow.number <= job.position,
            ImportRow.outcome.in_((Outcome.CREATED, Outcome.UPDATED)),
        )
        .order_by(ImportRow.number.desc())
        .limit(limit)
    )
    return await session.scalars(query)


async def lock_customers(session: Session, ids: Collection[UUID | None]) -> dict[UUID, Customer]:
    """Return those customers that the caller sees, locked in the order of their ids."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.id.in_(ids))
        .order_by(Customer.id)
    )
    return {one.id: one for one in await session.scalars(query.with_for_update(key_share=True))}


async def touched(session: Session, job: Import, rows: Sequence[ImportRow]) -> set[UUID]:
    """Return customers and contacts that somebody has worked with since their rows were entered.

    Work of people whose customers the caller does not see counts, too.
    """
    known = [(one.customer_id, one.customer_version) for one in rows]
    known += [(one.contact_id, 1) for one in rows if one.contact_id is not None]
    new = [one.customer_id for one in rows if one.outcome == Outcome.CREATED]
    contacts = [one.contact_id for one in rows if one.contact_id is not None]
    tenant_id = session.context.tenant_id
    await session.see_all_rows()
    found = await session.fetch(
        TOUCHED, tenant_id, [one[0] for one in known], [one[1] for one in known], job.request_id
    )
    for referred, ids in (("customers", new), ("contacts", contacts)):
        if ids:
            found += await session.fetch(_in_use_sql(referred), tenant_id, ids, job.id)
    await session.see_rows_in_scope()
    return {one["entity_id"] for one in found}


OF_ITSELF = frozenset(
    {
        "classifications",
        "custom_entries",
        "customer_behaviour",
        "duplicate_pairs",
        "match_keys",
        "owner_changes",
        "search_documents",
    }
)
"""Tables whose rows about a customer come with its row, follow from it by our own consumers, or go
without anybody's harm."""
OF_OTHERS = """NOT EXISTS (
    SELECT FROM import_rows WHERE import_rows.tenant_id = $1 AND import_id = $3
        AND import_rows.customer_id = {table}.customer_id AND contact_id = {table}.{contact}
        AND outcome <> 'kept'
)"""
"""It is about a contact that no row of the import entered, or one that stays."""
BY_PEOPLE = {
    "customers": {
        "affiliations": OF_OTHERS.format(table="affiliations", contact="contact_id"),
        "contact_points": "version > 1",
        "contacts": OF_OTHERS.format(table="contacts", contact="id"),
        "segment_members": "reason = 'hand'",
    },
    "contacts": {
        "affiliations": "version > 1 OR NOT is_main",
        "contact_points": "version > 1",
    },
}
"""Which rows of a table that refer to customers, or contacts, are somebody's work; else all are."""


@cache
def _in_use_sql(referred: str) -> str:
    """Return a query for which of some new rows anything refers to, of whatever slice."""
    references = [
        f"SELECT {key.column_keys[-1]} AS entity_id FROM {table.name} "  # noqa: S608 - our names
        f"WHERE tenant_id = $1 AND {key.column_keys[-1]} = ANY($2::uuid[])"
        f" AND ({BY_PEOPLE[referred].get(table.name, 'true')}) AND $3::uuid IS NOT NULL"
        for table in sorted(Base.metadata.tables.values(), key=lambda one: one.name)
        if table.name not in OF_ITSELF
        for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name))
        if key.referred_table.name == referred
    ]
    return " UNION ".join(references)


async def points_of(session: Session, customer_id: UUID) -> list[ContactPoint]:
    """Return the contact points in use of a customer."""
    query = select(ContactPoint).where(
        ContactPoint.tenant_id == session.context.tenant_id,
        ContactPoint.customer_id == customer_id,
        ContactPoint.active,
    )
    return await session.scalars(query)
