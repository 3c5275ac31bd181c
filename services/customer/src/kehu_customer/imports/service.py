"""What can be done with an import. Each function runs in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from kehu_customer.customers.errors import UnknownOwner
from kehu_customer.employees.models import Employee
from kehu_customer.imports import columns, deciding, entering, queries
from kehu_customer.imports.errors import FileIncomplete, FileTooLarge, MappingInvalid
from kehu_customer.imports.models import Import, ImportPart, ImportRow, ImportState
from kehu_customer.imports.schemas import (
    ImportCreate,
    ImportFilters,
    ImportRead,
    MappingReplace,
    RowFilters,
)
from kehu_customer.ownership.queries import in_row_scope
from kehu_kernel import audit
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session

NOTHING_YET = {
    "position": 1, "attempts": 0, "busy_seconds": 0.0, "created": 0, "updated": 0, "unchanged": 0,
    "skipped": 0, "refused": 0, "undone": 0, "kept": 0,
}  # fmt: skip


async def set_up(session: Session, data: ImportCreate) -> Import:
    """Set up an import, which works with the rights that the caller has now.

    Raises `UnknownOwner`, `OutsideRowScope`.
    """
    if data.owner_id is not None:
        owner = await session.get(Employee, (session.context.tenant_id, data.owner_id))
        if owner is None or not owner.active:
            raise UnknownOwner
        if not await in_row_scope(session, owner):
            raise OutsideRowScope
    context = session.context
    job = Import(
        **data.model_dump(),
        **NOTHING_YET,
        headers=[],
        mapping={},
        state=ImportState.DRAFT,
        requested_by=context.actor,
        request_id=context.request_id,
        traceparent=context.traceparent,
        employee_id=context.employee_id,
        row_scope=context.row_scope,
        scopes=None if context.scopes is None else sorted(context.scopes),
    )
    audit.created(session, job)
    return job


async def of_maker(session: Session, import_id: UUID) -> Import:
    """Return an import of the caller's, to look into its file. Raises `ImportOfAnother`."""
    job = await require(session, Import, import_id)
    job.require_maker(session.context)
    return job


async def _take(session: Session, import_id: UUID, expected_version: int | None = None) -> Import:
    """Return an import of the caller's, locked. Raises `ImportOfAnother`."""
    job = await require(session, Import, import_id, lock=True, expected_version=expected_version)
    job.require_maker(session.context)
    return job


async def _take_over(session: Session, import_id: UUID, expected_version: int | None) -> Import:
    """Return an import of the caller's, or of somebody who has left, locked.

    Raises `ImportOfAnother`.
    """
    job = await require(session, Import, import_id, lock=True, expected_version=expected_version)
    gone = False
    if job.requested_by != session.context.actor and job.employee_id is not None:
        maker = await session.get(Employee, (session.context.tenant_id, job.employee_id))
        gone = maker is not None and not maker.active
    job.require_maker(session.context, gone=gone)
    return job


async def put_part(
    session: Session, import_id: UUID, number: int, content: bytes, *, most_bytes: int
) -> Import:
    """Keep a part of the file, in the place of what was there under this number.

    Raises `ImportOfAnother`, `ImportStateForbids`, `FileTooLarge`.
    """
    job = await _take(session, import_id)
    job.require_draft()
    values = {"tenant_id": session.context.tenant_id, "import_id": import_id, "number": number}
    put = insert(ImportPart).values(**values, content=content)
    await session.execute(
        put.on_conflict_do_update(
            constraint="pk_import_parts", set_={"content": put.excluded.content}
        )
    )
    _, size = (await queries.sizes_of(session, [import_id]))[import_id]
    if size > most_bytes:
        raise FileTooLarge(limit=most_bytes)
    job.file_dropped_at = None
    told = {"number": number, "bytes": len(content), "sha256": sha256(content).hexdigest()}
    audit.changed(session, job, "part-uploaded", part=(None, told))
    return job


async def drop_file(session: Session, import_id: UUID, *, expected_version: int) -> Import:
    """Delete the file and the cells of refused rows; what became of the rows stays.

    Raises `ImportOfAnother`, `ImportStateForbids`.
    """
    job = await _take_over(session, import_id, expected_version)
    await _forget_file(session, job, "file-deleted")
    return job


async def expire_file(session: Session, import_id: UUID, before: datetime) -> bool:
    """Delete the file of an import that nobody has worked with since; tell whether there was one.

    For the worker: what is under way keeps its file, however long it takes.
    """
    job = await queries.take_old(session, import_id, before)
    if job is None:
        return False
    await _forget_file(session, job, "file-expired")
    return True


async def _forget_file(session: Session, job: Import, action: str) -> None:
    job.forget_file(session.context.now)
    await queries.drop_file(session, job.id)
    audit.changed(session, job, action)


async def map_columns(
    session: Session,
    import_id: UUID,
    data: MappingReplace,
    *,
    headers: Sequence[str] | None,
    expected_version: int,
) -> Import:
    """Say what the columns mean. `headers` are those of the file, if it is there already.

    Raises `ImportStateForbids`, `MappingInvalid`, `HeadersMissing`.
    """
    job = await _take(session, import_id, expected_version)
    fields = await queries.visible_fields(session)
    wrong = columns.unknown_meanings(data.columns, fields)
    if wrong:
        told = [columns.label(one, fields) for one in wrong]
        raise MappingInvalid(meanings=told, extra={"meanings": wrong})
    if headers is not None:
        columns.require_headers(data.columns, headers)
    job.change_mapping(dict(data.columns))
    audit.changed(session, job, "mapped")
    return job


async def check(session: Session, import_id: UUID, *, expected_version: int | None) -> Import:
    """Let the worker check every row. Raises `ImportStateForbids`, `MappingNeeded`,
    `FileIncomplete`.
    """
    return await _start(session, import_id, "check", "checking", expected_version)


async def run(session: Session, import_id: UUID, *, expected_version: int | None) -> Import:
    """Let the worker enter the rows. Raises as `check` does."""
    return await _start(session, import_id, "run", "started", expected_version)


async def _start(
    session: Session, import_id: UUID, what: str, action: str, expected_version: int | None
) -> Import:
    job = await _take(session, import_id, expected_version)
    job.take_rights(session.context)
    getattr(job, what)()
    if not await queries.is_complete(session, import_id):
        raise FileIncomplete
    await queries.drop_rows(session, import_id)
    audit.changed(session, job, action)
    return job


async def pause(session: Session, import_id: UUID, *, expected_version: int | None) -> Import:
    """Stop after the batch under way. Raises `ImportStateForbids`."""
    job = await _take_over(session, import_id, expected_version)
    job.pause()
    audit.changed(session, job, "paused")
    return job


async def resume(session: Session, import_id: UUID, *, expected_version: int | None) -> Import:
    """Go on behind the last row. Raises `ImportStateForbids`, `FileIncomplete`."""
    job = await _take(session, import_id, expected_version)
    job.take_rights(session.context)
    job.resume()
    if not await queries.is_complete(session, import_id):
        raise FileIncomplete
    audit.changed(session, job, "resumed")
    return job


async def undo(session: Session, import_id: UUID, *, expected_version: int | None) -> Import:
    """Take back what was entered. Raises `ImportOfAnother`, `ImportStateForbids`."""
    job = await _take_over(session, import_id, expected_version)
    job.take_rights(session.context)
    job.undo()
    audit.changed(session, job, "undoing")
    return job


async def go_on(
    session: Session,
    job: Import,
    headers: Sequence[str],
    rows: Sequence[tuple[int, list[str]]],
    position: int,
    *,
    today: date,
    currency: str,
) -> None:
    """Deal with the next rows of a locked import, which end at `position`; finish behind the last.

    The position moves with what the rows lead to, in one transaction. Raises `HeadersMissing`
    before the first row: the file may have come, or been replaced, after the mapping.
    """
    if job.position == 1:
        columns.require_headers(job.mapping, headers)
    if position == job.position:
        job.finish()
        audit.changed(session, job, job.state)
        return
    job.headers = list(headers)
    entering_ = job.state == ImportState.RUNNING
    if rows:
        batch = await deciding.decide(
            session, job, headers, rows, today=today, currency=currency, entering=entering_
        )
        if entering_:
            await entering.enter(session, batch)
        else:
            entering.note(session, batch)
        if len(batch.lines) < len(rows):  # the next one needs what these entered
            position = batch.lines[-1].number
    job.position, job.attempts = position, 0


async def give_up(
    session: Session, import_id: UUID, why: str, *, attempts: int, at_once: bool
) -> None:
    """Note that a batch failed; after some attempts, or at once, the import fails."""
    job = await queries.take(session, import_id)
    if job is None:
        return
    job.attempts += 1
    if at_once or job.attempts >= attempts:
        job.fail(why)
        audit.changed(session, job, "failed")


async def show(session: Session, job: Import) -> ImportRead:
    """Return an import as the API shows it, with what is there of its file."""
    parts, size = (await queries.sizes_of(session, [job.id])).get(job.id, (0, 0))
    return ImportRead.of(job, parts=parts, size=size)


async def list_imports(
    session: Session, filters: ImportFilters
) -> tuple[list[ImportRead], str | None, int | None]:
    """Return one page of the imports that match, the next cursor, and the count if asked."""
    found, cursor, count = await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=Import.id,
    )
    sizes = await queries.sizes_of(session, [one.id for one in found])
    items = [
        ImportRead.of(one, parts=parts, size=size)
        for one in found
        for parts, size in [sizes.get(one.id, (0, 0))]
    ]
    return items, cursor, count


async def list_rows(
    session: Session, import_id: UUID, filters: RowFilters
) -> tuple[list[ImportRow], str | None, int | None]:
    """Return one page of the rows that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.rows_matching(session.context.tenant_id, import_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.ROW_COLUMNS,
        tie_breaker=ImportRow.id,
    )
