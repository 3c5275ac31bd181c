"""Handing over the requests that a leaver follows, or is dispatched to.

What is done stays as it is: it says who did it. A closed request stays with who followed it.
"""

from sqlalchemy import select

from kehu_kernel import audit, outbox
from kehu_kernel.session import Session
from kehu_service_desk.hand_overs.models import HandOverRef
from kehu_service_desk.requests import events, queries
from kehu_service_desk.requests.models import RequestStatus, RequestStep, ServiceRequest, StepKind

UNDER_WAY = (RequestStatus.DISPATCHING, RequestStatus.DISPATCHED)


async def move_requests(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Hand over the next requests of the leaver; return how many."""
    moved = await _move_dispatched(session, hand_over, limit)
    return moved + await _move_followed(session, hand_over, limit)


async def _move_dispatched(session: Session, hand_over: HandOverRef, limit: int) -> int:
    """Name the successor in dispatch orders under way; a request the leaver follows goes along."""
    leaver, successor = hand_over.employee_id, hand_over.successor_id
    tenant_id = session.context.tenant_id
    query = select(ServiceRequest).where(
        ServiceRequest.tenant_id == tenant_id, ServiceRequest.status.in_(UNDER_WAY)
    )
    query = queries.dispatched_to(query, tenant_id, leaver).order_by(ServiceRequest.id)
    found = await session.scalars(query.limit(limit).with_for_update(key_share=True))
    for request in found:
        before = request.status
        order = await queries.current_order(session, request.id)
        if order is not None:
            request.hand_over_work(order, leaver, successor, session.context.now)
        request.hand_over(leaver, successor)
        _record(session, request, StepKind.DISPATCHED, before, hand_over)
    return len(found)


async def _move_followed(session: Session, hand_over: HandOverRef, limit: int) -> int:
    query = (
        select(ServiceRequest)
        .where(
            ServiceRequest.tenant_id == session.context.tenant_id,
            ServiceRequest.follower_id == hand_over.employee_id,
            ServiceRequest.status != RequestStatus.CLOSED,
        )
        .order_by(ServiceRequest.id)
        .limit(limit)
    )
    found = await session.scalars(query.with_for_update(key_share=True))
    for request in found:
        before = request.status
        request.hand_over(hand_over.employee_id, hand_over.successor_id)
        _record(session, request, StepKind.ASSIGNED, before, hand_over)
    return len(found)


def _record(
    session: Session,
    request: ServiceRequest,
    step: StepKind,
    before: str,
    hand_over: HandOverRef,
) -> None:
    """Write audit entry, history and event of a request that was handed over."""
    fields = audit.changed(session, request, "handed-over")
    session.add(
        RequestStep(
            request_id=request.id,
            version=request.version,
            step=step,
            at=session.context.now,
            actor=session.context.actor,
            status_before=before,
            status_after=request.status,
            employee_ids=[hand_over.successor_id],
            parts=[],
        )
    )
    tell = events.dispatched if step is StepKind.DISPATCHED else events.assigned
    outbox.add(session, tell(request, fields), sequence=request.version)
