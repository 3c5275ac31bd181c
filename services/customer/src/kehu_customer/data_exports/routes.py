"""The API of exports of a person's data."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status

from kehu_customer.customers.errors import CustomerMerged
from kehu_customer.data_exports import service
from kehu_customer.data_exports.errors import ExportGone, ExportNotReady
from kehu_customer.data_exports.models import DataExport
from kehu_customer.data_exports.schemas import DataDocument, DataExportFilters, DataExportRead
from kehu_customer.erasures.errors import (
    AlreadyErased,
    OnePersonNeeded,
    OrganisationNotErased,
    UnknownPerson,
)
from kehu_customer.erasures.schemas import Subject
from kehu_kernel.auth import requires
from kehu_kernel.db import require
from kehu_kernel.http import Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_kernel.wire import shown

routes = router("/v1/data-exports", "privacy")
READ = requires("customer:data-exports:read")
WRITE = requires("customer:data-exports:write")


@routes.post(
    "",
    summary="Put together everything about a person",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[WRITE],
    responses=problems(
        OnePersonNeeded, UnknownPerson, OrganisationNotErased, AlreadyErased, CustomerMerged
    ),
)
async def request_data_export(
    data: Subject, session: Session, request: Request, response: Response
) -> DataExportRead:
    """Collect what this service holds about a customer or contact, with timeline and changes."""
    hours = request.app.state.settings.data_export_hours
    export = await service.request_export(session, data, hours=hours)
    response.headers["Location"] = f"/v1/data-exports/{export.id}"
    set_etag(response, export)
    return shown(DataExportRead, export)


@routes.get("", summary="List exports of persons' data", dependencies=[READ])
async def list_data_exports(
    session: Session, filters: Annotated[DataExportFilters, Query()]
) -> Page[DataExportRead]:
    """Exports that match all filters, a page at a time, newest first."""
    found, cursor, count = await service.list_exports(session, filters)
    items = [shown(DataExportRead, one) for one in found]
    return Page(items=items, next_cursor=cursor, count=count)


@routes.get("/{export_id}", summary="Read an export of a person's data", dependencies=[READ])
async def read_data_export(export_id: UUID, session: Session, response: Response) -> DataExportRead:
    """One export: whether it is ready, and until when."""
    export = await require(session, DataExport, export_id)
    set_etag(response, export)
    return shown(DataExportRead, export)


@routes.get(
    "/{export_id}/document",
    summary="Fetch everything about a person",
    dependencies=[READ],
    responses=problems(ExportNotReady, ExportGone),
)
async def read_data_document(export_id: UUID, session: Session) -> DataDocument:
    """The document itself, until it expires or the person is erased."""
    export = await require(session, DataExport, export_id)
    return DataDocument.model_validate(export.readable(session.context.now))
