"""Reading service requests."""

from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, not_, select
from sqlalchemy.orm import selectinload

from kehu_service_desk.requests.dispatch import DispatchHandler, DispatchOrder, OrderStatus
from kehu_service_desk.requests.models import RequestStatus, RequestStep, ServiceRequest
from kehu_service_desk.requests.schemas import RequestFilters

SORT_COLUMNS = {
    "created_at": ServiceRequest.created_at,
    "required_on": ServiceRequest.required_on,
}
EXACT_FILTERS = ("customer_id", "product_file_id", "follower_id", "number", "external_ref")


def matching(tenant_id: str, filters: RequestFilters, today: date) -> Select[ServiceRequest]:
    """Return the query for the requests that match all filters."""
    query = select(ServiceRequest).where(ServiceRequest.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ServiceRequest, name) == value)
    if filters.status:
        query = query.where(ServiceRequest.status.in_(filters.status))
    if filters.priority:
        query = query.where(ServiceRequest.priority.in_(filters.priority))
    if filters.handler_id is not None:
        query = _dispatched_to(query, tenant_id, filters.handler_id)
    if filters.overdue is not None:
        overdue = and_(
            ServiceRequest.required_on.is_not(None),  # so that the negation is never unknown
            ServiceRequest.required_on < today,
            ServiceRequest.status != RequestStatus.CLOSED,
        )
        query = query.where(overdue if filters.overdue else not_(overdue))
    return query


def current_order(tenant_id: str, request_id: UUID) -> Select[DispatchOrder]:
    """Return the query for the dispatch order under way, with its handlers."""
    return (
        select(DispatchOrder)
        .where(
            DispatchOrder.tenant_id == tenant_id,
            DispatchOrder.request_id == request_id,
            DispatchOrder.status == OrderStatus.OPEN,
        )
        .options(selectinload(DispatchOrder.handlers))
    )


def orders_of(tenant_id: str, request_id: UUID) -> Select[DispatchOrder]:
    """Return the query for all dispatch orders of one request, with their handlers."""
    return (
        select(DispatchOrder)
        .where(DispatchOrder.tenant_id == tenant_id, DispatchOrder.request_id == request_id)
        .options(selectinload(DispatchOrder.handlers))
    )


def steps_of(tenant_id: str, request_id: UUID) -> Select[RequestStep]:
    """Return the query for the steps of one request."""
    return select(RequestStep).where(
        RequestStep.tenant_id == tenant_id, RequestStep.request_id == request_id
    )


def _dispatched_to(
    query: Select[ServiceRequest], tenant_id: str, handler_id: UUID
) -> Select[ServiceRequest]:
    """Keep the requests whose dispatch order under way names the handler.

    The orders that ever named the handler are found by an index (row-level security would not let
    one be used for an array); the array then says which requests are still with the handler.
    """
    ever_named = (
        select(DispatchOrder.request_id)
        .join(
            DispatchHandler,
            (DispatchHandler.tenant_id == DispatchOrder.tenant_id)
            & (DispatchHandler.dispatch_order_id == DispatchOrder.id),
        )
        .where(DispatchHandler.tenant_id == tenant_id, DispatchHandler.handler_id == handler_id)
    )
    return query.where(
        ServiceRequest.id.in_(ever_named), ServiceRequest.handler_ids.contains([handler_id])
    )
