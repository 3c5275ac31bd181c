"""The receipt API."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_sales.contracts.errors import ContractNotReady, UnknownContract
from kehu_sales.directory.errors import STAFF
from kehu_sales.quotes.routes import CUSTOMER
from kehu_sales.receipts import service
from kehu_sales.receipts.errors import (
    InstalmentOverpaid,
    NothingAllocated,
    ReceiptCurrencyDiffers,
    ReceiptExceeded,
    ReceiptOfAnotherCustomer,
    ReceiptRefunded,
    ReceiptReversed,
    UnknownInstalment,
)
from kehu_sales.receipts.models import Receipt
from kehu_sales.receipts.schemas import (
    AllocationList,
    AllocationRead,
    ReceiptAllocation,
    ReceiptCreate,
    ReceiptFilters,
    ReceiptRead,
    ReceiptRefund,
    ReceiptRelease,
    ReceiptReversal,
)

routes = router("/v1/receipts", "receipts")
READ = requires("sales:receipts:read")
WRITE = requires("sales:receipts:write")
PAYING = (
    UnknownContract,
    UnknownInstalment,
    ReceiptOfAnotherCustomer,
    ReceiptCurrencyDiffers,
    ReceiptExceeded,
    InstalmentOverpaid,
    ContractNotReady,
    DateInFuture,
)


@routes.post(
    "",
    summary="Record a receipt",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(*PAYING, *CUSTOMER, *STAFF),
)
async def record_receipt(
    data: ReceiptCreate, session: Session, today: Today, response: Response
) -> ReceiptRead:
    """Enter money that came in; it pays what is told, or what is due first."""
    receipt = await service.record_receipt(session, data, today=today)
    response.headers["Location"] = f"/v1/receipts/{receipt.id}"
    return _answer(receipt, response)


@routes.get("", summary="List receipts", dependencies=[READ])
async def list_receipts(
    session: Session, filters: Annotated[ReceiptFilters, Query()]
) -> Page[ReceiptRead]:
    """Receipts that match all filters, a page at a time."""
    found, cursor, count = await service.list_receipts(session, filters)
    return Page(items=[ReceiptRead.of(one) for one in found], next_cursor=cursor, count=count)


@routes.get("/{receipt_id}", summary="Read a receipt", dependencies=[READ])
async def read_receipt(receipt_id: UUID, session: Session, response: Response) -> ReceiptRead:
    """One receipt and its ETag."""
    return _answer(await require(session, Receipt, receipt_id), response)


@routes.get("/{receipt_id}/allocations", summary="List allocations", dependencies=[READ])
async def list_allocations(receipt_id: UUID, session: Session) -> AllocationList:
    """Everything the receipt paid, also what was taken back, oldest first."""
    receipt, found = await service.list_allocations(session, receipt_id)
    return AllocationList(items=[AllocationRead.of(one, receipt.currency) for one in found])


@routes.post(
    "/{receipt_id}/allocate",
    summary="Allocate a receipt",
    dependencies=[WRITE],
    responses=problems(ReceiptReversed, *PAYING, DateBeforePrevious),
)
async def allocate_receipt(
    receipt_id: UUID,
    data: ReceiptAllocation,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ReceiptRead:
    """Say what the rest of the money pays."""
    receipt = await service.allocate_receipt(
        session, receipt_id, data, today=today, expected_version=version
    )
    return _answer(receipt, response)


@routes.post(
    "/{receipt_id}/release",
    summary="Release an allocation",
    dependencies=[WRITE],
    responses=problems(ReceiptReversed, NothingAllocated, DateInFuture, DateBeforePrevious),
)
async def release_receipt(
    receipt_id: UUID,
    data: ReceiptRelease,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ReceiptRead:
    """Take back what the receipt pays of an instalment; a fulfilled contract is in force again."""
    receipt = await service.release_receipt(
        session, receipt_id, data, today=today, expected_version=version
    )
    return _answer(receipt, response)


@routes.post(
    "/{receipt_id}/refund",
    summary="Refund a receipt",
    dependencies=[WRITE],
    responses=problems(ReceiptReversed, ReceiptExceeded),
)
async def refund_receipt(
    receipt_id: UUID,
    data: ReceiptRefund,
    session: Session,
    version: OptionalVersion,
    response: Response,
) -> ReceiptRead:
    """Pay money back that pays nothing here; release it first if it does."""
    receipt = await service.refund_receipt(session, receipt_id, data, expected_version=version)
    return _answer(receipt, response)


@routes.post(
    "/{receipt_id}/reverse",
    summary="Reverse a receipt",
    dependencies=[WRITE],
    responses=problems(ReceiptReversed, ReceiptRefunded, DateInFuture, DateBeforePrevious),
)
async def reverse_receipt(
    receipt_id: UUID,
    data: ReceiptReversal,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> ReceiptRead:
    """Say that it was a mistake, such as a bounced cheque: what it paid is open again."""
    receipt = await service.reverse_receipt(
        session, receipt_id, data, today=today, expected_version=version
    )
    return _answer(receipt, response)


def _answer(receipt: Receipt, response: Response) -> ReceiptRead:
    set_etag(response, receipt)
    return ReceiptRead.of(receipt)
