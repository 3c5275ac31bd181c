"""The API of custom fields. Their values are part of the customer, in `custom`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_customer.custom_fields import service
from kehu_customer.custom_fields.errors import FieldCodeTaken, FieldMakesNoSense, OptionsStay
from kehu_customer.custom_fields.models import CustomField
from kehu_customer.custom_fields.schemas import FieldCreate, FieldFilters, FieldRead, FieldUpdate
from kehu_kernel.auth import requires
from kehu_kernel.http import ExpectedVersion, Session, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems

routes = router("/v1/custom-fields", "custom fields")
READ = requires("customer:fields:read")
WRITE = requires("customer:fields:write")


@routes.post(
    "",
    summary="Define a custom field",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(FieldCodeTaken, FieldMakesNoSense),
)
async def create_field(data: FieldCreate, session: Session, response: Response) -> FieldRead:
    """Define what else is recorded of customers; the field can be used at once."""
    field = await service.create_field(session, data)
    response.headers["Location"] = f"/v1/custom-fields/{field.id}"
    return _answer(field, response)


@routes.get("", summary="List custom fields", dependencies=[READ])
async def list_fields(
    session: Session, filters: Annotated[FieldFilters, Query()]
) -> Page[FieldRead]:
    """Definitions that match all filters, a page at a time."""
    fields, cursor, count = await service.list_fields(session, filters)
    return Page(items=[FieldRead.of(field) for field in fields], next_cursor=cursor, count=count)


@routes.get("/{field_id}", summary="Read a custom field", dependencies=[READ])
async def read_field(field_id: UUID, session: Session, response: Response) -> FieldRead:
    """One definition, with its ETag."""
    return _answer(await service.read_field(session, field_id), response)


@routes.patch(
    "/{field_id}",
    summary="Change a custom field",
    dependencies=[WRITE],
    responses=problems(OptionsStay, FieldMakesNoSense),
)
async def change_field(
    field_id: UUID,
    data: FieldUpdate,
    session: Session,
    version: ExpectedVersion,
    response: Response,
) -> FieldRead:
    """Change a definition; code, type, index and uniqueness stay. Customers keep their values."""
    field = await service.change_field(session, field_id, data, expected_version=version)
    return _answer(field, response)


def _answer(field: CustomField, response: Response) -> FieldRead:
    set_etag(response, field)
    return FieldRead.of(field)
