"""Product files from deliveries (D1; 1.4, item 5): made by the event, withdrawn by its reversal."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kehu_contracts.delivering import (
    DeliveredLine,
    ProjectDeliveryReversed,
    ProjectDeliveryState,
    ProjectLinesDelivered,
)
from kehu_kernel import audit, ids, outbox
from kehu_kernel.numbering import next_numbers
from kehu_kernel.session import Session
from kehu_service_desk.customers.models import CustomerRef
from kehu_service_desk.product_files import events
from kehu_service_desk.product_files.errors import CustomerMissing, CustomerNotHereYet
from kehu_service_desk.product_files.models import ProductFile, last_day
from kehu_service_desk.requests.models import ServiceRequest

ONE = Decimal(1)
CUSTOMER_COMES_WITHIN = timedelta(minutes=5)
"""How long after a delivery its customer's own event is waited for. All deliveries wait with it."""


async def make_files(session: Session, event: ProjectLinesDelivered, told_at: datetime) -> None:
    """Enter what was delivered and gets a product file, registered at once.

    Once for a delivery, whatever is told again: the database holds each item once. Raises
    `CustomerNotHereYet` soon after it was told, later `CustomerMissing`, which is tried a few times
    more; the database refuses a serial number of another file. Then the event waits for somebody
    to look at it.
    """
    items = list(_items(event.lines))
    if not items or await _files_of(session, event.delivery_id):
        return
    tenant_id = session.context.tenant_id
    if await session.get(CustomerRef, (tenant_id, event.customer_id)) is None:
        just_told = abs(session.context.now - told_at) < CUSTOMER_COMES_WITHIN
        if just_told:
            raise CustomerNotHereYet(id=event.customer_id)
        raise CustomerMissing(f"There is no customer {event.customer_id}.")
    numbers = await next_numbers(session, "PF", year=event.delivered_on.year, count=len(items))
    for item, ((line, serial, quantity), number) in enumerate(
        zip(items, numbers, strict=True), start=1
    ):
        file = ProductFile(
            id=ids.new_id(),
            number=number,
            serial_number=serial,
            quantity=quantity,
            delivery_item=item,
            **_of_delivery(event),
            **_of_product(line),
            **_days(event, line),
        )
        audit.created(session, file)
        outbox.add(session, events.registered(file, event.delivered_on), sequence=file.version)


async def withdraw_files(session: Session, event: ProjectDeliveryReversed) -> None:
    """Withdraw the files of a delivery that was taken back, as far as they are untouched.

    Touched is a file that was changed since, or that a service request is about: it stays, with the
    day of the reversal. What was withdrawn before stays as it is.
    """
    files = await _files_of(session, event.delivery_id, lock=True)
    requested = await _requested(session, [file.id for file in files])
    for file in files:
        if file.delivery_reversed_on is not None:
            continue
        touched = file.version > 1 or file.id in requested
        file.reverse_delivery(event.reversed_on, event.reason, touched=touched)
        audit.changed(session, file, "delivery-reversed" if touched else "withdrawn")
        if not touched:
            told = events.withdrawn(file, event.reversed_on, event.reason)
            outbox.add(session, told, sequence=file.version)


def _items(lines: Collection[DeliveredLine]) -> Iterator[tuple[DeliveredLine, str | None, Decimal]]:
    """Yield a file for each serial number, or one for the whole quantity of a line."""
    for line in lines:
        if not line.creates_product_file:
            continue
        for serial_number in line.serial_numbers:
            yield line, serial_number, ONE
        if not line.serial_numbers:
            yield line, None, line.quantity


def _of_delivery(event: ProjectDeliveryState) -> dict[str, Any]:
    return {
        "customer_id": event.customer_id,
        "project_id": event.project_id,
        "contract_id": event.contract_id,
        "delivery_id": event.delivery_id,
        "delivered_on": event.delivered_on,
        "registered_on": event.delivered_on,
    }


def _of_product(line: DeliveredLine) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "product_code": line.product_code,
        "product_name": line.product_name,
        "service_enabled": line.service_enabled,
        "spare_part": line.spare_part,
    }


def _days(event: ProjectDeliveryState, line: DeliveredLine) -> dict[str, Any]:
    """Return until when warranty and service life last, both from the delivery on."""
    on, warranty, life = event.delivered_on, line.warranty_months, line.service_life_months
    return {
        "warranty_until": last_day(on, warranty) if warranty else None,
        "service_life_until": last_day(on, life) if life else None,
    }


async def _files_of(
    session: Session, delivery_id: UUID, *, lock: bool = False
) -> list[ProductFile]:
    query = (
        select(ProductFile)
        .where(
            ProductFile.tenant_id == session.context.tenant_id,
            ProductFile.delivery_id == delivery_id,
        )
        .order_by(ProductFile.id)
    )
    return await session.scalars(query.with_for_update(key_share=True) if lock else query)


async def _requested(session: Session, file_ids: Collection[UUID]) -> set[UUID]:
    found = await session.scalars(
        select(ServiceRequest.product_file_id).where(
            ServiceRequest.tenant_id == session.context.tenant_id,
            ServiceRequest.product_file_id.in_(file_ids),
        )
    )
    return {one for one in found if one is not None}
