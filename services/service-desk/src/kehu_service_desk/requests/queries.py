"""Reading service requests."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, not_, select

from kehu_kernel.pagination import one_of
from kehu_kernel.session import Session
from kehu_service_desk.customers.queries import of_customer
from kehu_service_desk.requests.dispatch import DispatchHandler, DispatchOrder, OrderStatus
from kehu_service_desk.requests.models import RequestStatus, RequestStep, ServiceRequest
from kehu_service_desk.requests.schemas import RequestFilters

SORT_COLUMNS = {
    "created_at": ServiceRequest.created_at,
    "required_on": ServiceRequest.required_on,
}
EXACT_FILTERS = ("kind", "product_file_id", "follower_id", "number", "external_ref")


def matching(tenant_id: str, filters: RequestFilters, today: date) -> Select[ServiceRequest]:
    """Return the query for the requests that match all filters."""
    query = select(ServiceRequest).where(ServiceRequest.tenant_id == tenant_id)
    for name in EXACT_FILTERS:
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ServiceRequest, name) == value)
    if filters.customer_id is not None:
        query = query.where(of_customer(ServiceRequest.customer_id, tenant_id, filters.customer_id))
    if filters.status:
        query = query.where(one_of(ServiceRequest.status, filters.status))
    if filters.priority:
        query = query.where(one_of(ServiceRequest.priority, filters.priority))
    if filters.handler_id is not None:
        query = dispatched_to(query, tenant_id, filters.handler_id)
    if filters.overdue is not None:
        overdue = and_(
            ServiceRequest.required_on.is_not(None),  # so that the negation is never unknown
            ServiceRequest.required_on < today,
            ServiceRequest.status != RequestStatus.CLOSED,
        )
        query = query.where(overdue if filters.overdue else not_(overdue))
    return query


async def current_order(session: Session, request_id: UUID) -> DispatchOrder | None:
    """Return the dispatch order under way, with its handlers, if there is one."""
    orders = orders_of(session.context.tenant_id, request_id)
    order = await session.scalar(orders.where(DispatchOrder.status == OrderStatus.OPEN))
    if order is not None:
        await load_handlers(session, [order])
    return order


def orders_of(tenant_id: str, request_id: UUID) -> Select[DispatchOrder]:
    """Return the query for all dispatch orders of one request."""
    return select(DispatchOrder).where(
        DispatchOrder.tenant_id == tenant_id, DispatchOrder.request_id == request_id
    )


async def load_handlers(session: Session, orders: Collection[DispatchOrder]) -> None:
    """Give the orders their handlers, in the order they were named."""
    handlers = await session.scalars(
        select(DispatchHandler)
        .where(
            DispatchHandler.tenant_id == session.context.tenant_id,
            DispatchHandler.dispatch_order_id.in_([order.id for order in orders]),
        )
        .order_by(DispatchHandler.id)
    )
    for order in orders:
        order.handlers = [one for one in handlers if one.dispatch_order_id == order.id]


def steps_of(tenant_id: str, request_id: UUID) -> Select[RequestStep]:
    """Return the query for the steps of one request."""
    return select(RequestStep).where(
        RequestStep.tenant_id == tenant_id, RequestStep.request_id == request_id
    )


def dispatched_to(
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
