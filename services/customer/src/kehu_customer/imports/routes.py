"""The import API."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from kehu_customer.customers.errors import UnknownOwner
from kehu_customer.imports import columns, queries, service
from kehu_customer.imports.downloads import errors_csv
from kehu_customer.imports.errors import (
    FileIncomplete,
    FileTooLarge,
    FileUnreadable,
    HeadersMissing,
    ImportOfAnother,
    ImportStateForbids,
    MappingInvalid,
    MappingNeeded,
)
from kehu_customer.imports.models import Import
from kehu_customer.imports.schemas import (
    ImportCreate,
    ImportFilters,
    ImportPreview,
    ImportRead,
    MappingReplace,
    RowFilters,
    RowRead,
)
from kehu_customer.imports.spool import Spooled, spool
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.errors import OutsideRowScope
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import language_of, problems

routes = router("/v1/imports", "imports")
READ = requires("customer:imports:read")
WRITE = requires("customer:imports:write")
SAMPLE = 10
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BINARY = {"schema": {"type": "string", "format": "binary"}}
FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": BINARY, "text/csv": BINARY, XLSX: BINARY},
    }
}
CSV_ANSWER: dict[int | str, Any] = {
    200: {"content": {"text/csv": BINARY}, "description": "The file, streamed."}
}


@routes.post(
    "",
    summary="Set up an import of customers",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(UnknownOwner, OutsideRowScope),
)
async def set_up_import(data: ImportCreate, session: Session, response: Response) -> ImportRead:
    """Upload its file next, part by part, say what the columns mean, check it, and let it run.

    It works with the rights that its maker has when it is told to check, run, resume or undo, and
    sees the rows its maker sees.
    """
    job = await service.set_up(session, data)
    response.headers["Location"] = f"/v1/imports/{job.id}"
    set_etag(response, job)
    return ImportRead.of(job, parts=0, size=0)


@routes.get("", summary="List imports", dependencies=[READ])
async def list_imports(
    session: Session, filters: Annotated[ImportFilters, Query()]
) -> Page[ImportRead]:
    """Imports that match all filters, a page at a time, newest first."""
    items, cursor, count = await service.list_imports(session, filters)
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{import_id}", summary="Read an import", dependencies=[READ])
async def read_import(import_id: UUID, session: Session, response: Response) -> ImportRead:
    """One import: where it stands, how far it is and how quick."""
    return await _answer(session, await require(session, Import, import_id), response)


@routes.post(
    "/{import_id}/parts/{number}",
    summary="Upload a part of the file",
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids, FileTooLarge),
    openapi_extra=FILE_BODY,
)
async def upload_import_part(
    import_id: UUID,
    number: Annotated[int, Path(ge=1, le=100_000, description="1, 2, 3 and so on.")],
    request: Request,
    session: Session,
    response: Response,
) -> ImportRead:
    """The file in pieces of the size a request may have; a small one is one piece.

    A part that is uploaded again replaces the one before: an interrupted upload goes on where it
    was.
    """
    most = request.app.state.settings.import_most_bytes
    content = await request.body()
    job = await service.put_part(session, import_id, number, content, most_bytes=most)
    return await _answer(session, job, response)


@routes.delete(
    "/{import_id}/file",
    summary="Delete the file of an import",
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids),
)
async def delete_import_file(
    import_id: UUID, session: Session, version: ExpectedVersion, response: Response
) -> ImportRead:
    """The file goes, refused rows lose their cells; which rows were refused, and undoing, stay."""
    job = await service.drop_file(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.get(
    "/{import_id}/preview",
    summary="Look into the file of an import",
    dependencies=[READ],
    responses=problems(ImportOfAnother, FileIncomplete, FileUnreadable),
)
async def preview_import(import_id: UUID, request: Request, session: Session) -> ImportPreview:
    """Headers, the first rows, and what the columns probably mean."""
    job = await service.of_maker(session, import_id)
    fields = await queries.visible_fields(session)
    if not await queries.is_complete(session, import_id):
        raise FileIncomplete
    spooled = await _open(request, session, job)
    try:
        rows = await asyncio.to_thread(spooled.table.read, 1, SAMPLE)
    finally:
        spooled.close()
    return ImportPreview(
        headers=spooled.headers,
        rows=[cells for _, cells in rows],
        suggested=columns.suggest(spooled.headers, fields.values()),
    )


@routes.put(
    "/{import_id}/mapping",
    summary="Say what the columns mean",
    dependencies=[WRITE],
    responses=problems(
        ImportOfAnother, ImportStateForbids, FileUnreadable, MappingInvalid, HeadersMissing
    ),
)
async def map_import_columns(
    import_id: UUID,
    data: MappingReplace,
    request: Request,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> ImportRead:
    """Replaces what was said before; columns that are not named are not read.

    Headers are compared with those of the file as soon as it is there: here, or when it is read.
    """
    job = await service.of_maker(session, import_id)
    headers = None
    if await queries.is_complete(session, import_id):
        spooled = await _open(request, session, job)
        headers = spooled.headers
        spooled.close()
    job = await service.map_columns(
        session, import_id, data, headers=headers, expected_version=version
    )
    return await _answer(session, job, response)


@routes.post(
    "/{import_id}/check",
    summary="Check an import",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids, MappingNeeded, FileIncomplete),
)
async def check_import(
    import_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ImportRead:
    """Every row is checked as if it were entered, and none is."""
    job = await service.check(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.post(
    "/{import_id}/run",
    summary="Run an import",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids, MappingNeeded, FileIncomplete),
)
async def run_import(
    import_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ImportRead:
    """Every row is entered, or refused with every reason; what is entered is told as by the API."""
    job = await service.run(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.post(
    "/{import_id}/pause",
    summary="Pause an import",
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids),
)
async def pause_import(
    import_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ImportRead:
    """It stops after the batch under way; what was entered stays."""
    job = await service.pause(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.post(
    "/{import_id}/resume",
    summary="Resume an import",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids, FileIncomplete),
)
async def resume_import(
    import_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ImportRead:
    """One that was paused, or that failed, goes on behind the last row that was dealt with."""
    job = await service.resume(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.post(
    "/{import_id}/undo",
    summary="Undo an import",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(ImportOfAnother, ImportStateForbids),
)
async def undo_import(
    import_id: UUID, session: Session, version: OptionalVersion, response: Response
) -> ImportRead:
    """New customers are taken back and updates reversed, where nobody has changed them since."""
    job = await service.undo(session, import_id, expected_version=version)
    return await _answer(session, job, response)


@routes.get(
    "/{import_id}/rows",
    summary="List what became of rows",
    dependencies=[READ],
    responses=problems(ImportOfAnother),
)
async def list_import_rows(
    import_id: UUID, session: Session, filters: Annotated[RowFilters, Query()], request: Request
) -> Page[RowRead]:
    """Rows that match all filters, a page at a time, in the order of the file."""
    await service.of_maker(session, import_id)
    rows, cursor, count = await service.list_rows(session, import_id, filters)
    language = _language(request)
    return Page(items=[RowRead.of(row, language) for row in rows], next_cursor=cursor, count=count)


@routes.get(
    "/{import_id}/errors.csv",
    summary="Download refused rows",
    dependencies=[READ],
    response_model=None,
    responses=problems(ImportOfAnother) | CSV_ANSWER,
)
async def download_import_errors(
    import_id: UUID, request: Request, session: Session
) -> StreamingResponse:
    """The refused rows as they were, with their number in the file and every reason, as CSV."""
    job = await service.of_maker(session, import_id)
    stream = errors_csv(
        request.app.state.database,
        session.context,
        import_id,
        list(job.headers),
        _language(request),
    )
    return StreamingResponse(stream, media_type="text/csv; charset=utf-8")


async def _open(request: Request, session: Session, job: Import) -> Spooled:
    """Return the file of an import, to be closed. Raises `FileUnreadable`."""
    return await spool(request.app.state.database, session.context, job.id, job.format)


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


async def _answer(session: Session, job: Import, response: Response) -> ImportRead:
    """Return the import as it stands, with its ETag."""
    set_etag(response, job)
    return await service.show(session, job)
