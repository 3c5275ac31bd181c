"""What can be done with a product file. One function per command; each runs in one transaction."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.numbering import next_number
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_service_desk.customers.service import require_current_customer
from kehu_service_desk.product_files import events, queries
from kehu_service_desk.product_files.models import ProductFile, ProductFilePart
from kehu_service_desk.product_files.schemas import (
    PartFilters,
    ProductFileCreate,
    ProductFileFilters,
    ProductFileRegistration,
    ProductFileUpdate,
)


async def create_product_file(
    session: Session, data: ProductFileCreate, *, today: date
) -> ProductFile:
    """Enter a product in a customer's hands: a draft, or registered at once.

    Raises `UnknownCustomer`, `CustomerHasEnded`, `DateInFuture`, `DateBeforePrevious`; the database
    refuses a serial number that is taken.
    """
    await require_current_customer(session, data.customer_id)
    file = ProductFile(
        **data.model_dump(exclude={"delivered_on", "register_now"}),
        delivered_on=business_day.happened(data.delivered_on, today),
        registered_on=today if data.register_now else None,
    )
    file.check_days(today)
    file.number = await next_number(session, "PF", year=today.year)
    audit.created(session, file)
    if data.register_now:
        outbox.add(session, events.registered(file, today), sequence=file.version)
    return file


async def change_product_file(
    session: Session,
    product_file_id: UUID,
    data: ProductFileUpdate,
    *,
    today: date,
    expected_version: int,
) -> ProductFile:
    """Change a product file. Raises what `ProductFile.change` raises, and as for a new one."""
    file = await require(
        session, ProductFile, product_file_id, lock=True, expected_version=expected_version
    )
    if data.customer_id is not None and not file.registered:
        await require_current_customer(session, data.customer_id)
    file.change(data.given(), today)
    audit.changed(session, file, "changed")
    return file


async def register_product_file(
    session: Session,
    product_file_id: UUID,
    data: ProductFileRegistration,
    *,
    today: date,
    expected_version: int | None,
) -> ProductFile:
    """Freeze the product data. Raises what `ProductFile.register` raises, `DateInFuture`."""
    file = await require(
        session, ProductFile, product_file_id, lock=True, expected_version=expected_version
    )
    on = business_day.happened(data.on, today)
    file.register(on)
    audit.changed(session, file, "registered")
    outbox.add(session, events.registered(file, on), sequence=file.version)
    return file


async def record_maintenance(
    session: Session,
    product_file_id: UUID,
    *,
    on: date,
    request_id: UUID,
    parts: Iterable[ProductFilePart],
) -> None:
    """Note on the file that a request was handled, with the parts that were fitted (1.4, point 7).

    The caller has checked that the file exists.
    """
    file = await require(session, ProductFile, product_file_id, lock=True)
    fitted = []
    for part in parts:
        part.product_file_id, part.request_id, part.fitted_on = file.id, request_id, on
        session.add(part)
        fitted.append(part.product_name)
    file.maintain(on)
    audit.changed(session, file, "maintained", parts=([], fitted))


async def list_product_files(
    session: Session, filters: ProductFileFilters, *, today: date
) -> tuple[list[ProductFile], str | None, int | None]:
    """Return one page of the files that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, today),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ProductFile.id,
    )


async def list_parts(
    session: Session, product_file_id: UUID, filters: PartFilters
) -> tuple[list[ProductFilePart], str | None, int | None]:
    """Return one page of the parts fitted into a product. Raises `NotFound`."""
    await require(session, ProductFile, product_file_id)
    return await paginate(
        session,
        queries.parts_of(session.context.tenant_id, product_file_id),
        filters,
        sort="-fitted_on",
        columns={"fitted_on": ProductFilePart.fitted_on},
        tie_breaker=ProductFilePart.id,
    )
