"""The export API."""

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from kehu_customer.custom_fields.errors import FieldNotSearchable
from kehu_customer.exports import service, writing
from kehu_customer.exports.schemas import ExportFilters, ExportFormat
from kehu_customer.exports.service import Columns
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.problems import language_of, problems

routes = router("/v1/customer-exports", "exports")
contact_routes = router("/v1/contact-exports", "exports")
EXPORT = requires("customer:customers:export")
EXPORT_CONTACTS = requires("customer:contacts:export")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: XLSX,
}
BINARY = {"schema": {"type": "string", "format": "binary"}}
ANSWER: dict[int | str, Any] = {
    200: {
        "content": {kind.partition(";")[0]: BINARY for kind in MEDIA_TYPES.values()},
        "description": "The file, streamed.",
    }
}


@routes.get(
    "",
    summary="Export customers",
    dependencies=[EXPORT],
    response_model=None,
    responses=ANSWER | problems(FieldNotSearchable),
)
async def export_customers(
    session: Session, filters: Annotated[ExportFilters, Query()], request: Request
) -> StreamingResponse:
    """The customers that match all filters and that the caller sees, as a file.

    Its columns are those an import reads, the primary contact's included, and some more; headers
    follow the request's language.
    """
    await service.require_filters(session, filters)
    columns = await service.columns_for(session, _language(request))
    lots = service.lots(request.app.state.database, session.context, filters, columns)
    return _answer(lots, columns, filters, "customers")


@contact_routes.get(
    "",
    summary="Export contacts",
    dependencies=[EXPORT_CONTACTS],
    response_model=None,
    responses=ANSWER | problems(FieldNotSearchable),
)
async def export_contacts(
    session: Session, filters: Annotated[ExportFilters, Query()], request: Request
) -> StreamingResponse:
    """The contacts we turn to of the customers that match all filters, a row for each.

    An import in the mode `update` reads it: it knows the customer again by code, external reference
    or credit code, and adds the persons who are not there yet.
    """
    await service.require_filters(session, filters)
    columns = service.columns_of_contacts(_language(request))
    lots = service.lots_of_contacts(request.app.state.database, session.context, filters, columns)
    return _answer(lots, columns, filters, "contacts")


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


def _answer(
    lots: writing.Lots, columns: Columns, filters: ExportFilters, name: str
) -> StreamingResponse:
    if filters.format is ExportFormat.NDJSON:
        stream = writing.ndjson(lots)
    elif filters.format is ExportFormat.CSV:
        stream = writing.as_csv(lots, columns, bom=filters.bom)
    else:
        stream = writing.xlsx(lots, columns, name)
    return StreamingResponse(
        stream,
        media_type=MEDIA_TYPES[filters.format],
        headers={"Content-Disposition": f'attachment; filename="{name}.{filters.format}"'},
    )
