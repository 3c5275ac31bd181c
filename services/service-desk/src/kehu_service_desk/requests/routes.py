"""The service request API."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status

from kehu_kernel.auth import requires
from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_kernel.db import require
from kehu_kernel.http import OptionalVersion, Session, Today, router, set_etag
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_service_desk.customers.errors import CustomerHasEnded, CustomerMerged, UnknownCustomer
from kehu_service_desk.requests import service
from kehu_service_desk.requests.errors import (
    DispatchAlreadyAnswered,
    ExternalReferenceTaken,
    HandlerHasNotAccepted,
    HandlerNotNamed,
    NoDispatchToAnswer,
    ProductFileNotRegistered,
    ProductFileOfAnotherCustomer,
    ReopenTooLate,
    RequestNotAssignable,
    RequestNotDispatchable,
    RequestNotDispatched,
    RequestNotHandled,
    RequestNotReopenable,
    RequiredDayPassed,
    ServiceNotEnabled,
    UnknownProductFile,
)
from kehu_service_desk.requests.models import ServiceRequest
from kehu_service_desk.requests.schemas import (
    DispatchAnswer,
    DispatchOrderFilters,
    DispatchOrderRead,
    HistoryFilters,
    RequestAssignment,
    RequestClosing,
    RequestCreate,
    RequestDispatch,
    RequestFilters,
    RequestHandling,
    RequestRead,
    RequestReopening,
    RequestStepRead,
)
from kehu_service_desk.settings import Settings

routes = router("/v1/requests", "requests")
READ = requires("service-desk:requests:read")
WRITE = requires("service-desk:requests:write")


async def _reopen_within_days(request: Request) -> int:
    settings: Settings = request.app.state.settings
    return settings.reopen_within_days


@routes.post(
    "",
    summary="Create a service request",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WRITE],
    responses=problems(
        UnknownCustomer,
        CustomerMerged,
        CustomerHasEnded,
        UnknownProductFile,
        ProductFileOfAnotherCustomer,
        ProductFileNotRegistered,
        ServiceNotEnabled,
        RequiredDayPassed,
        ExternalReferenceTaken,
    ),
)
async def create_request(
    data: RequestCreate, session: Session, today: Today, response: Response
) -> RequestRead:
    """Enter a customer's problem, about a registered product of the customer or about none."""
    request = await service.create_request(session, data, today=today)
    response.headers["Location"] = f"/v1/requests/{request.id}"
    return _answer(request, response, today)


@routes.get("", summary="List service requests", dependencies=[READ])
async def list_requests(
    session: Session, today: Today, filters: Annotated[RequestFilters, Query()]
) -> Page[RequestRead]:
    """Service requests that match all filters, a page at a time."""
    requests, cursor, count = await service.list_requests(session, filters, today=today)
    return Page(
        items=[RequestRead.of(request, today) for request in requests],
        next_cursor=cursor,
        count=count,
    )


@routes.get("/{request_id}", summary="Read a service request", dependencies=[READ])
async def read_request(
    request_id: UUID, session: Session, today: Today, response: Response
) -> RequestRead:
    """One service request, with its ETag."""
    return _answer(await require(session, ServiceRequest, request_id), response, today)


@routes.get(
    "/{request_id}/history", summary="List the steps of a service request", dependencies=[READ]
)
async def list_request_history(
    request_id: UUID, session: Session, filters: Annotated[HistoryFilters, Query()]
) -> Page[RequestStepRead]:
    """Every step since the request came in: who, when, what and why, in order."""
    steps, cursor, count = await service.list_history(session, request_id, filters)
    return Page(items=[RequestStepRead.of(step) for step in steps], next_cursor=cursor, count=count)


@routes.get("/{request_id}/dispatch-orders", summary="List dispatch orders", dependencies=[READ])
async def list_dispatch_orders(
    request_id: UUID, session: Session, filters: Annotated[DispatchOrderFilters, Query()]
) -> Page[DispatchOrderRead]:
    """Every dispatch order of the request with the handlers' answers, the newest first."""
    orders, cursor, count = await service.list_dispatch_orders(session, request_id, filters)
    return Page(
        items=[DispatchOrderRead.of(order) for order in orders], next_cursor=cursor, count=count
    )


@routes.post(
    "/{request_id}/assign",
    summary="Assign a service request to a follower",
    dependencies=[WRITE],
    responses=problems(RequestNotAssignable),
)
async def assign_request(
    request_id: UUID,
    data: RequestAssignment,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """Name the employee who follows the request to its end, or another one."""
    request = await service.assign_request(session, request_id, data, expected_version=version)
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/dispatch",
    summary="Dispatch a service request to handlers",
    dependencies=[WRITE],
    responses=problems(RequestNotDispatchable),
)
async def dispatch_request(
    request_id: UUID,
    data: RequestDispatch,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """Name handlers in a new dispatch order; the order under way, if any, is withdrawn."""
    request = await service.dispatch_request(
        session, request_id, data, today=today, expected_version=version
    )
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/accept",
    summary="Accept a dispatch order",
    dependencies=[WRITE],
    responses=problems(NoDispatchToAnswer, HandlerNotNamed, DispatchAlreadyAnswered),
)
async def accept_request(
    request_id: UUID,
    data: DispatchAnswer,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """A named handler takes the work on, with a reason: the request is `dispatched`."""
    request = await service.accept_request(session, request_id, data, expected_version=version)
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/refuse",
    summary="Refuse a dispatch order",
    dependencies=[WRITE],
    responses=problems(NoDispatchToAnswer, HandlerNotNamed, DispatchAlreadyAnswered),
)
async def refuse_request(
    request_id: UUID,
    data: DispatchAnswer,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """A named handler declines, with a reason; when all have, the request is `assigned` again."""
    request = await service.refuse_request(session, request_id, data, expected_version=version)
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/handle",
    summary="Enter the handling sheet",
    dependencies=[WRITE],
    responses=problems(
        RequestNotDispatched,
        HandlerNotNamed,
        HandlerHasNotAccepted,
        DateInFuture,
        DateBeforePrevious,
    ),
)
async def handle_request(
    request_id: UUID,
    data: RequestHandling,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """What was done, by a handler who accepted; maintenance and parts go to the product file."""
    request = await service.handle_request(
        session, request_id, data, today=today, expected_version=version
    )
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/close",
    summary="Close a service request",
    dependencies=[WRITE],
    responses=problems(RequestNotHandled),
)
async def close_request(
    request_id: UUID,
    data: RequestClosing,
    session: Session,
    today: Today,
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """End a handled request with its resolution, and whether the customer is satisfied."""
    request = await service.close_request(
        session, request_id, data, today=today, expected_version=version
    )
    return _answer(request, response, today)


@routes.post(
    "/{request_id}/reopen",
    summary="Reopen a service request",
    dependencies=[WRITE],
    responses=problems(RequestNotReopenable, ReopenTooLate),
)
async def reopen_request(
    request_id: UUID,
    data: RequestReopening,
    session: Session,
    today: Today,
    within_days: Annotated[int, Depends(_reopen_within_days)],
    version: OptionalVersion,
    response: Response,
) -> RequestRead:
    """Give a handled request, or one closed some days ago, back to its follower."""
    request = await service.reopen_request(
        session, request_id, data, today=today, within_days=within_days, expected_version=version
    )
    return _answer(request, response, today)


def _answer(request: ServiceRequest, response: Response, today: date) -> RequestRead:
    set_etag(response, request)
    return RequestRead.of(request, today)
