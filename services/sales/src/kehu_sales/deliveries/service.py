"""What can be done with deliveries. One function per command; each runs in one transaction."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import delete, select

from kehu_kernel import audit, business_day, ids, numbering, outbox
from kehu_kernel.db import require
from kehu_kernel.errors import NotFound
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_sales.customers.service import load_customers, survivor_of
from kehu_sales.deliveries import events, queries
from kehu_sales.deliveries.errors import SerialNumbersDiffer
from kehu_sales.deliveries.models import (
    Delivered,
    DeliveredSerial,
    DeliveryState,
    ProjectDelivery,
)
from kehu_sales.deliveries.schemas import (
    DeliveredLineInput,
    DeliveryCreate,
    DeliveryFilters,
    DeliveryReversal,
)
from kehu_sales.products.naming import products_named
from kehu_sales.products.queries import load_products
from kehu_sales.projects.contracted import (
    agreed_in,
    by_product,
    delivered_for,
    lock_effective,
    require_within,
)
from kehu_sales.projects.errors import UnknownProjectLine
from kehu_sales.projects.models import Project, ProjectLine, ProjectState
from kehu_sales.projects.queries import lines_of
from kehu_sales.projects.service import keep, line_told

NUMBER_PREFIX = "DLV"


async def deliver(
    session: Session,
    project_id: UUID,
    data: DeliveryCreate,
    *,
    today: date,
    expected_version: int | None,
) -> ProjectDelivery:
    """Deliver lines of a project that is carried out, to whoever its customer is by now.

    The flags of the products are taken along as they are today. The database refuses a serial
    number that was delivered. Raises `ProjectNotReady`, `DateInFuture`, `DateBeforePrevious`,
    `UnknownProjectLine`, `OverDelivery`, `SerialNumbersDiffer`, `ContractNotEffective`,
    `MoreThanContract`.
    """
    project = await require(
        session, Project, project_id, lock=True, expected_version=expected_version
    )
    project.require(ProjectState.EXECUTING)
    on = business_day.happened(data.on, today)
    business_day.follows(on, project.started_on or on)
    lines = await lines_of(session, project.id)
    before = [line_told(one) for one in lines]
    delivered = await _delivered(session, lines, data.lines)
    if project.contract_id is not None:
        await _require_within_contract(session, project.contract_id, delivered)
    known = await load_customers(session, [project.customer_id])
    delivery = ProjectDelivery(
        id=ids.new_id(),
        number=await numbering.next_number(session, NUMBER_PREFIX, year=on.year),
        project_id=project.id,
        contract_id=project.contract_id,
        customer_id=survivor_of(known, project.customer_id),
        employee_id=session.context.employee_id,
        delivered_on=on,
        receiver=data.receiver,
        lines=delivered,
        state=DeliveryState.DELIVERED,
    )
    _remember_serials(session, delivery)
    keep(session, project, "delivered", lines=(before, [line_told(one) for one in lines]))
    audit.created(session, delivery)
    outbox.add(session, events.delivered(delivery, project), sequence=delivery.version)
    return delivery


async def reverse_delivery(
    session: Session,
    delivery_id: UUID,
    data: DeliveryReversal,
    *,
    today: date,
    expected_version: int | None,
) -> ProjectDelivery:
    """Take a delivery back as a whole, for a reason; what it delivered is open again.

    Also after the project is over: that is when goods come back. One that is closed stays closed:
    what came back is given up. Raises `DeliveryIsReversed`, `DateInFuture`, `DateBeforePrevious`.
    """
    project_id = await session.scalar(
        select(ProjectDelivery.project_id).where(
            ProjectDelivery.tenant_id == session.context.tenant_id,
            ProjectDelivery.id == delivery_id,
        )
    )
    if project_id is None:
        raise NotFound.of(ProjectDelivery, delivery_id)
    project = await require(session, Project, project_id, lock=True)
    delivery = await require(
        session, ProjectDelivery, delivery_id, lock=True, expected_version=expected_version
    )
    delivery.reverse(business_day.happened(data.on, today), data.reason)
    lines = await lines_of(session, project.id)
    before = [line_told(one) for one in lines]
    of_number = {one.line_number: one for one in lines}
    for one in delivery.lines:
        of_number[one.line_number].take_back(one.quantity)
        if project.state == ProjectState.CLOSED:
            of_number[one.line_number].give_up(one.quantity, data.reason)
    await session.execute(
        delete(DeliveredSerial).where(
            DeliveredSerial.tenant_id == delivery.tenant_id,
            DeliveredSerial.delivery_id == delivery.id,
        )
    )
    keep(session, project, "delivery-reversed", lines=(before, [line_told(one) for one in lines]))
    audit.changed(session, delivery, "reversed")
    outbox.add(session, events.taken_back(delivery, project), sequence=delivery.version)
    return delivery


async def list_deliveries(
    session: Session, filters: DeliveryFilters
) -> tuple[list[ProjectDelivery], str | None, int | None]:
    """Return one page of the deliveries that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ProjectDelivery.id,
    )


async def _require_within_contract(
    session: Session, contract_id: UUID, delivered: tuple[Delivered, ...]
) -> None:
    """Refuse what the contract, as it is by now, has not agreed to, whatever was planned.

    Raises `ContractNotEffective`, `MoreThanContract`.
    """
    await session.see_all_rows()  # whoever is in the team delivers what others agreed to
    contract = await lock_effective(session, contract_id)
    before = await delivered_for(session, contract_id)
    wanted = by_product((one.product_id, one.quantity) for one in delivered)
    async with products_named(session):
        require_within(agreed_in(contract), before, wanted)


async def _delivered(
    session: Session, lines: list[ProjectLine], wanted: Iterable[DeliveredLineInput]
) -> tuple[Delivered, ...]:
    of_number = {one.line_number: one for one in lines}
    products = await load_products(session, {one.product_id for one in lines})
    found: list[Delivered] = []
    for one in wanted:
        line = of_number.pop(one.line_number, None)
        if line is None:
            raise UnknownProjectLine(line=one.line_number)
        line.deliver(one.quantity)
        serials = tuple(one.serial_numbers)
        found.append(Delivered.of(line, products[line.product_id], one.quantity, serials))
    return tuple(found)


def _remember_serials(session: Session, delivery: ProjectDelivery) -> None:
    seen: set[str] = set()
    for one in delivery.lines:
        for serial_number in one.serial_numbers:
            if serial_number in seen:
                raise SerialNumbersDiffer(line=one.line_number, quantity=format(one.quantity, "f"))
            seen.add(serial_number)
            session.add(DeliveredSerial(delivery_id=delivery.id, serial_number=serial_number))
