"""Reading the rules of the public pool, and how customers are attended to."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from kehu_customer.customers.models import Customer, CustomerState
from kehu_customer.departments.models import Department
from kehu_customer.ownership.models import OwnerChange
from kehu_customer.public_pool.models import FollowUp, PoolRules, nearest
from kehu_kernel.session import Session


async def rules_in(
    session: Session, department_ids: Collection[UUID | None]
) -> dict[UUID | None, PoolRules]:
    """Return the rules that hold in each department, or (None) for the tenant."""
    tenant_id = session.context.tenant_id
    decided = {
        one.department_id: one
        for one in await session.scalars(select(PoolRules).where(PoolRules.tenant_id == tenant_id))
    }
    paths: dict[UUID | None, Sequence[UUID]] = {None: ()}
    if set(decided) - {None}:
        query = select(Department).where(
            Department.tenant_id == tenant_id, Department.id.in_(set(department_ids) - {None})
        )
        paths |= {one.id: one.path for one in await session.scalars(query)}
    return {one: nearest(decided, paths.get(one, ())) for one in department_ids}


async def owned_since(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return when each customer came to its present owner, where the history tells."""
    found = await session.execute(
        select(OwnerChange.customer_id, func.max(OwnerChange.at))
        .where(
            OwnerChange.tenant_id == session.context.tenant_id,
            OwnerChange.customer_id.in_(customer_ids),
        )
        .group_by(OwnerChange.customer_id)
    )
    return dict(map(tuple, found))


async def lost_at(session: Session, customer_id: UUID, employee_id: UUID) -> datetime | None:
    """Return when a customer last went from this employee to the public pool, if ever."""
    lost = select(func.max(OwnerChange.at)).where(
        OwnerChange.tenant_id == session.context.tenant_id,
        OwnerChange.customer_id == customer_id,
        OwnerChange.previous_owner_id == employee_id,
        OwnerChange.owner_id.is_(None),
    )
    return await session.scalar(lost)


async def last_contacts(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, date]:
    """Return the day of the last contact with each customer, where there was one."""
    found = await session.execute(
        select(FollowUp.customer_id, FollowUp.last_on).where(
            FollowUp.tenant_id == session.context.tenant_id,
            FollowUp.customer_id.in_(customer_ids),
        )
    )
    return dict(map(tuple, found))


async def next_owned(session: Session, after: UUID | None, limit: int) -> list[Customer]:
    """Return customers with owners, in the order of their ids, locked.

    No former ones, and none that were merged into others: nobody can change those.
    """
    query = select(Customer).where(
        Customer.tenant_id == session.context.tenant_id,
        Customer.owner_id.is_not(None),
        Customer.state != CustomerState.FORMER,
        Customer.merged_into_id.is_(None),
    )
    if after is not None:
        query = query.where(Customer.id > after)
    query = query.order_by(Customer.id).limit(limit)
    return await session.scalars(query.with_for_update(key_share=True))
