"""The product file API."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import ExpectedVersion, OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_service_desk.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_service_desk.product_files import service
from kehu_service_desk.product_files.errors import (
    ProductDataFrozen,
    ProductFileAlreadyRegistered,
    ProductFileWithdrawn,
    SerialNumberTaken,
)
from kehu_service_desk.product_files.models import ProductFile
from kehu_service_desk.product_files.schemas import (
    PartFilters,
    ProductFileCreate,
    ProductFileFilters,
    ProductFilePartRead,
    ProductFileRead,
    ProductFileRegistration,
    ProductFileUpdate,
)

routes = router("/v1/product-files", "product files")
READ = requires("service-desk:product-files:read")
WRITE = requires("service-desk:product-files:write")


@routes.post(
    "",
    summary="Create a product file",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        SerialNumberTaken,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def create_product_file(
    data: ProductFileCreate, session: Session, today: Today, response: Response
) -> ProductFileRead:
    """Enter a product in a customer's hands: a draft, or registered at once."""
    file = await service.create_product_file(session, data, today=today)
    response.headers["Location"] = f"/v1/product-files/{file.id}"
    return _answer(file, response, today)


@routes.get("", summary="List product files", dependencies=[READ])
async def list_product_files(
    session: Session, today: Today, filters: Annotated[ProductFileFilters, Query()]
) -> Page[ProductFileRead]:
    """Product files that match all filters, a page at a time."""
    files, cursor, count = await service.list_product_files(session, filters, today=today)
    return Page(
        items=[ProductFileRead.of(file, today) for file in files], next_cursor=cursor, count=count
    )


@routes.get("/{product_file_id}", summary="Read a product file", dependencies=[READ])
async def read_product_file(
    product_file_id: UUID, session: Session, today: Today, response: Response
) -> ProductFileRead:
    """One product file, with its ETag, and whether it is in warranty today."""
    return _answer(await require(session, ProductFile, product_file_id), response, today)


@routes.patch(
    "/{product_file_id}",
    summary="Change a product file",
    dependencies=[WRITE],
    responses=problems(
        ProductDataFrozen,
        ProductFileWithdrawn,
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        SerialNumberTaken,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def change_product_file(
    product_file_id: UUID,
    data: ProductFileUpdate,
    session: Session,
    today: Today,
    version: ExpectedVersion,
    response: Response,
) -> ProductFileRead:
    """Change a draft; of a registered file only warranty end, last and next maintenance day."""
    file = await service.change_product_file(
        session, product_file_id, data, today=today, expected_version=version
    )
    return _answer(file, response, today)


@routes.post(
    "/{product_file_id}/register",
    summary="Register a product file",
    dependencies=[WRITE],
    responses=problems(ProductFileAlreadyRegistered, DateInFuture, DateBeforePrevious),
)
async def register_product_file(
    product_file_id: UUID,
    data: ProductFileRegistration,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ProductFileRead:
    """Freeze the product data; from now on requests can be made for the product."""
    file = await service.register_product_file(
        session, product_file_id, data, today=today, expected_version=version
    )
    return _answer(file, response, today)


@routes.get("/{product_file_id}/parts", summary="List fitted parts", dependencies=[READ])
async def list_product_file_parts(
    product_file_id: UUID, session: Session, filters: Annotated[PartFilters, Query()]
) -> Page[ProductFilePartRead]:
    """Parts that were fitted into the product when requests were handled, the last one first."""
    parts, cursor, count = await service.list_parts(session, product_file_id, filters)
    return Page(
        items=[ProductFilePartRead.of(part) for part in parts], next_cursor=cursor, count=count
    )


def _answer(file: ProductFile, response: Response, today: date) -> ProductFileRead:
    set_etag(response, file)
    return ProductFileRead.of(file, today)
