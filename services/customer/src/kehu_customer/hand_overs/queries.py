"""Reading hand-overs, and what is still to be handed over."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select

from kehu_customer.customers.models import Customer
from kehu_customer.departments.models import Department
from kehu_customer.employees.models import Employee
from kehu_customer.hand_overs.models import HandOver, HandOverState
from kehu_customer.hand_overs.schemas import HandOverFilters
from kehu_customer.ownership.models import OwnerChange
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": HandOver.created_at}


class Due(NamedTuple):
    """A hand-over that goes on, and in whose name."""

    tenant_id: str
    hand_over_id: UUID
    requested_by: str
    request_id: str
    traceparent: str | None


def matching(tenant_id: str, filters: HandOverFilters) -> Select[HandOver]:
    """Return the query for the hand-overs that match all filters."""
    query = select(HandOver).where(HandOver.tenant_id == tenant_id)
    if filters.employee_id is not None:
        query = query.where(HandOver.employee_id == filters.employee_id)
    if filters.state is not None:
        query = query.where(HandOver.state == filters.state)
    return query


async def running(session: Session) -> list[Due]:
    """Return the hand-overs of all tenants that go on, oldest first; for the worker."""
    found = await session.execute(
        select(
            HandOver.tenant_id,
            HandOver.id,
            HandOver.requested_by,
            HandOver.request_id,
            HandOver.traceparent,
        )
        .where(HandOver.state == HandOverState.RUNNING)
        .order_by(HandOver.created_at)
    )
    return [Due(*row) for row in found]


async def running_here(session: Session) -> list[HandOver]:
    """Return the hand-overs of the tenant that go on."""
    query = select(HandOver).where(
        HandOver.tenant_id == session.context.tenant_id, HandOver.state == HandOverState.RUNNING
    )
    return await session.scalars(query)


async def take(session: Session, hand_over_id: UUID) -> HandOver | None:
    """Return a running hand-over, locked; None if it is over, or if another worker is at it."""
    query = select(HandOver).where(
        HandOver.tenant_id == session.context.tenant_id,
        HandOver.id == hand_over_id,
        HandOver.state == HandOverState.RUNNING,
    )
    return await session.scalar(query.with_for_update(key_share=True, skip_locked=True))


async def next_customers(session: Session, employee_id: UUID, limit: int) -> list[Customer]:
    """Return customers that the leaver looks after, in the order of their ids, locked."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.owner_id == employee_id)
        .order_by(Customer.id)
        .limit(limit)
    )
    return await session.scalars(query.with_for_update(key_share=True))


async def count_of(session: Session, employee_id: UUID) -> int:
    """Return how many customers somebody looks after, former and merged ones included."""
    query = select(func.count()).where(
        Customer.tenant_id == session.context.tenant_id, Customer.owner_id == employee_id
    )
    return await session.scalar(query) or 0


async def progress_of(
    session: Session, hand_overs: Sequence[HandOver]
) -> dict[UUID, tuple[int, int]]:
    """Return how many customers each of the hand-overs has moved, and how many are left."""
    if not hand_overs:
        return {}
    tenant_id = session.context.tenant_id
    moved = await session.execute(
        select(OwnerChange.hand_over_id, func.count())
        .where(
            OwnerChange.tenant_id == tenant_id,
            OwnerChange.hand_over_id.in_([one.id for one in hand_overs]),
        )
        .group_by(OwnerChange.hand_over_id)
    )
    left = await session.execute(
        select(Customer.owner_id, func.count())
        .where(
            Customer.tenant_id == tenant_id,
            Customer.owner_id.in_([one.employee_id for one in hand_overs]),
        )
        .group_by(Customer.owner_id)
    )
    done, open_ = dict(map(tuple, moved)), dict(map(tuple, left))
    return {one.id: (done.get(one.id, 0), open_.get(one.employee_id, 0)) for one in hand_overs}


async def employees(session: Session, ids: Sequence[UUID]) -> dict[UUID, Employee]:
    """Return the employees with these ids, locked (shared) so that none of them leaves."""
    query = (
        select(Employee)
        .where(Employee.tenant_id == session.context.tenant_id, Employee.id.in_(ids))
        .order_by(Employee.id)
    )
    return {one.id: one for one in await session.scalars(query.with_for_update(read=True))}


async def count_departments(session: Session, ids: Sequence[UUID]) -> int:
    """Return how many of these departments exist."""
    query = select(func.count()).where(
        Department.tenant_id == session.context.tenant_id, Department.id.in_(ids)
    )
    return await session.scalar(query) or 0
