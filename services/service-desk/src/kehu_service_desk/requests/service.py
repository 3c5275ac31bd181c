"""What can be done with a service request. One function per command, each in one transaction."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kehu_contracts.service_desk import RequestState
from kehu_kernel import audit, business_day, outbox
from kehu_kernel.db import require
from kehu_kernel.numbering import next_number
from kehu_kernel.pagination import paginate
from kehu_kernel.session import Session
from kehu_service_desk.customers.service import are_one, require_current_customer
from kehu_service_desk.product_files.models import ProductFile, ProductFilePart
from kehu_service_desk.product_files.service import record_maintenance
from kehu_service_desk.requests import events, queries
from kehu_service_desk.requests.dispatch import DispatchOrder
from kehu_service_desk.requests.errors import (
    ProductFileNotRegistered,
    ProductFileOfAnotherCustomer,
    ServiceNotEnabled,
    UnknownProductFile,
)
from kehu_service_desk.requests.models import RequestStep, ServiceRequest, StepKind
from kehu_service_desk.requests.schemas import (
    DispatchAnswer,
    DispatchOrderFilters,
    HistoryFilters,
    RequestAssignment,
    RequestClosing,
    RequestCreate,
    RequestDispatch,
    RequestFilters,
    RequestHandling,
    RequestReopening,
)


async def create_request(session: Session, data: RequestCreate, *, today: date) -> ServiceRequest:
    """Enter a customer's problem.

    Raises `UnknownCustomer`, `CustomerMerged`, `CustomerHasEnded`, `RequiredDayPassed` and what is
    wrong with the product file; the database refuses an external reference that is taken.
    """
    await require_current_customer(session, data.customer_id)
    if data.product_file_id is not None:
        await _require_serviceable(session, data.product_file_id, data.customer_id)
    request = ServiceRequest(**data.model_dump())
    request.open(today)
    request.number = await next_number(session, "SR", year=today.year)
    audit.created(session, request)
    _record(session, request, StepKind.CREATED, before=None)
    outbox.add(session, events.created(request), sequence=request.version)
    return request


async def assign_request(
    session: Session,
    request_id: UUID,
    data: RequestAssignment,
    *,
    expected_version: int | None,
) -> ServiceRequest:
    """Name the follower. Raises `RequestNotAssignable`. The present one again changes nothing."""
    request, _ = await _begin(session, request_id, expected_version)
    before = request.status
    request.assign(data.follower_id)
    fields = audit.changed(session, request, StepKind.ASSIGNED)
    if fields:
        _record(
            session, request, StepKind.ASSIGNED, before=before,
            employee_ids=[data.follower_id], note=data.note,
        )  # fmt: skip
        _publish(session, request, events.assigned, fields)
    return request


async def dispatch_request(
    session: Session,
    request_id: UUID,
    data: RequestDispatch,
    *,
    today: date,
    expected_version: int | None,
) -> ServiceRequest:
    """Name handlers in a new dispatch order. Raises `RequestNotDispatchable`."""
    request, withdrawn = await _begin(session, request_id, expected_version)
    if withdrawn is not None:
        withdrawn.withdraw()
    context = session.context
    order = DispatchOrder.naming(
        data.handler_ids,
        request_id=request.id,
        number=await next_number(session, "DO", year=today.year),
        note=data.note,
        now=context.now,
        by=context.actor,
    )
    before = request.status
    request.dispatch(order)
    for row in (order, *order.handlers):
        session.add(row)
    numbers = (withdrawn.number if withdrawn else None, order.number)
    fields = audit.changed(session, request, StepKind.DISPATCHED, dispatch_order=numbers)
    _record(
        session, request, StepKind.DISPATCHED, before=before,
        employee_ids=data.handler_ids, note=data.note, order=order,
    )  # fmt: skip
    _publish(session, request, events.dispatched, fields)
    return request


async def accept_request(
    session: Session, request_id: UUID, data: DispatchAnswer, *, expected_version: int | None
) -> ServiceRequest:
    """Note that a handler takes the work on. Raises what `ServiceRequest.accept` raises."""
    request, order = await _begin(session, request_id, expected_version)
    before, answers = request.status, _answers(order)
    request.accept(order, data.handler_id, data.reason, session.context.now)
    fields = audit.changed(session, request, StepKind.ACCEPTED, answers=(answers, _answers(order)))
    _record(
        session, request, StepKind.ACCEPTED, before=before,
        employee_ids=[data.handler_id], note=data.reason, order=order,
    )  # fmt: skip
    _publish(session, request, events.accepted, fields)
    return request


async def refuse_request(
    session: Session, request_id: UUID, data: DispatchAnswer, *, expected_version: int | None
) -> ServiceRequest:
    """Note that a handler declines the work. Raises what `ServiceRequest.refuse` raises."""
    request, order = await _begin(session, request_id, expected_version)
    before, answers = request.status, _answers(order)
    request.refuse(order, data.handler_id, data.reason, session.context.now)
    fields = audit.changed(session, request, StepKind.REFUSED, answers=(answers, _answers(order)))
    _record(
        session, request, StepKind.REFUSED, before=before,
        employee_ids=[data.handler_id], note=data.reason, order=order,
    )  # fmt: skip
    _publish(session, request, events.refused, fields)
    return request


async def handle_request(
    session: Session,
    request_id: UUID,
    data: RequestHandling,
    *,
    today: date,
    expected_version: int | None,
) -> ServiceRequest:
    """Enter the handling sheet; the product file, if any, notes maintenance and parts.

    Raises what `ServiceRequest.handle` raises, `DateInFuture`.
    """
    request, order = await _begin(session, request_id, expected_version)
    before = request.status
    on = business_day.happened(data.handled_on, today)
    request.handle(order, data.handler_id, data.result, on)
    parts = [part.model_dump(mode="json") for part in data.parts]
    fields = audit.changed(session, request, StepKind.HANDLED, parts=([], parts))
    _record(
        session, request, StepKind.HANDLED, before=before, employee_ids=[data.handler_id],
        note=data.result, order=order, happened_on=on, parts=parts,
    )  # fmt: skip
    if request.product_file_id is not None:
        await record_maintenance(
            session,
            request.product_file_id,
            on=on,
            request_id=request.id,
            parts=[ProductFilePart(**part.model_dump()) for part in data.parts],
        )
    _publish(session, request, events.handled, fields)
    return request


async def close_request(
    session: Session,
    request_id: UUID,
    data: RequestClosing,
    *,
    today: date,
    expected_version: int | None,
) -> ServiceRequest:
    """End the request with its resolution. Raises `RequestNotHandled`."""
    request, _ = await _begin(session, request_id, expected_version)
    before = request.status
    request.close(data.resolution, satisfied=data.satisfied, on=today, now=session.context.now)
    fields = audit.changed(session, request, StepKind.CLOSED)
    _record(
        session, request, StepKind.CLOSED, before=before,
        note=data.resolution, satisfied=data.satisfied,
    )  # fmt: skip
    _publish(session, request, events.closed, fields)
    return request


async def reopen_request(
    session: Session,
    request_id: UUID,
    data: RequestReopening,
    *,
    today: date,
    within_days: int,
    expected_version: int | None,
) -> ServiceRequest:
    """Give the request back to its follower. Raises `RequestNotReopenable`, `ReopenTooLate`."""
    request, _ = await _begin(session, request_id, expected_version)
    before = request.status
    request.reopen(today, within_days)
    fields = audit.changed(session, request, StepKind.REOPENED)
    _record(session, request, StepKind.REOPENED, before=before, note=data.reason)
    _publish(session, request, events.reopened, fields)
    return request


async def list_requests(
    session: Session, filters: RequestFilters, *, today: date
) -> tuple[list[ServiceRequest], str | None, int | None]:
    """Return one page of the requests that match, the next cursor, and the count if asked."""
    return await paginate(
        session,
        queries.matching(session.context.tenant_id, filters, today),
        filters,
        sort=filters.sort,
        columns=queries.SORT_COLUMNS,
        tie_breaker=ServiceRequest.id,
    )


async def list_history(
    session: Session, request_id: UUID, filters: HistoryFilters
) -> tuple[list[RequestStep], str | None, int | None]:
    """Return one page of the steps of a request, in order. Raises `NotFound`."""
    await require(session, ServiceRequest, request_id)
    return await paginate(
        session,
        queries.steps_of(session.context.tenant_id, request_id),
        filters,
        sort="version",
        columns={"version": RequestStep.version},
        tie_breaker=RequestStep.id,
    )


async def list_dispatch_orders(
    session: Session, request_id: UUID, filters: DispatchOrderFilters
) -> tuple[list[DispatchOrder], str | None, int | None]:
    """Return one page of the dispatch orders of a request, newest first. Raises `NotFound`."""
    await require(session, ServiceRequest, request_id)
    orders, cursor, count = await paginate(
        session,
        queries.orders_of(session.context.tenant_id, request_id),
        filters,
        sort="-created_at",
        columns={"created_at": DispatchOrder.created_at},
        tie_breaker=DispatchOrder.id,
    )
    await queries.load_handlers(session, orders)
    return orders, cursor, count


async def _begin(
    session: Session, request_id: UUID, expected_version: int | None
) -> tuple[ServiceRequest, DispatchOrder | None]:
    """Lock a request, and load the dispatch order under way; its lock covers the order too."""
    request = await require(
        session, ServiceRequest, request_id, lock=True, expected_version=expected_version
    )
    return request, await queries.current_order(session, request_id)


async def _require_serviceable(session: Session, product_file_id: UUID, customer_id: UUID) -> None:
    """Refuse a product file that is not the customer's, or that we do not service (yet).

    It stays as it is until the request is there: it cannot be withdrawn meanwhile.
    """
    key = (session.context.tenant_id, product_file_id)
    file = await session.get(ProductFile, key, lock="FOR SHARE")
    if file is None:
        raise UnknownProductFile(id=product_file_id)
    if not await are_one(session, file.customer_id, customer_id):
        raise ProductFileOfAnotherCustomer(number=file.number)
    file.require_standing()
    if not file.registered:
        raise ProductFileNotRegistered(number=file.number)
    if not file.service_enabled:
        raise ServiceNotEnabled(number=file.number)


def _answers(order: DispatchOrder | None) -> dict[str, str]:
    return {} if order is None else order.answers()


def _record(
    session: Session,
    request: ServiceRequest,
    step: StepKind,
    *,
    before: str | None,
    employee_ids: Sequence[UUID] = (),
    note: str | None = None,
    order: DispatchOrder | None = None,
    happened_on: date | None = None,
    parts: Sequence[dict[str, Any]] = (),
    satisfied: bool | None = None,
) -> None:
    """Write the step that the request just made into its history."""
    context = session.context
    session.add(
        RequestStep(
            request_id=request.id,
            version=request.version,
            step=step,
            at=context.now,
            actor=context.actor,
            status_before=before,
            status_after=request.status,
            employee_ids=list(employee_ids),
            note=note,
            dispatch_order=None if order is None else order.number,
            happened_on=happened_on,
            parts=list(parts),
            satisfied=satisfied,
        )
    )


def _publish(
    session: Session,
    request: ServiceRequest,
    event: Callable[[ServiceRequest, list[str]], RequestState],
    fields: list[str],
) -> None:
    outbox.add(session, event(request, fields), sequence=request.version)
