"""Reading merges, and what hangs on customers."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select

from kehu_customer.credit.models import CreditAccount
from kehu_customer.custom_fields.models import CustomEntry
from kehu_customer.customers.models import Customer
from kehu_customer.households.models import Household, HouseholdMember
from kehu_customer.merges.belongings import Belonging
from kehu_customer.merges.models import Merge, MergeMove
from kehu_customer.merges.schemas import MergeFilters
from kehu_kernel.session import Session

SORT_COLUMNS = {"created_at": Merge.created_at}


def matching(tenant_id: str, filters: MergeFilters) -> Select[Merge]:
    """Return the query for the merges that match all filters."""
    query = select(Merge).where(Merge.tenant_id == tenant_id)
    if filters.survivor_id is not None:
        query = query.where(Merge.survivor_id == filters.survivor_id)
    if filters.state is not None:
        query = query.where(Merge.state == filters.state)
    return query


async def dependents_of(session: Session, customer_ids: Collection[UUID]) -> list[UUID]:
    """Return the companies directly below customers, and what was merged into them before."""
    query = select(Customer.id).where(
        Customer.tenant_id == session.context.tenant_id,
        or_(Customer.parent_id.in_(customer_ids), Customer.merged_into_id.in_(customer_ids)),
    )
    return await session.scalars(query)


async def have_credit(session: Session, customer_ids: Collection[UUID]) -> bool:
    """Whether one of the customers has a credit account: a limit, a reservation or a block."""
    query = select(CreditAccount.id).where(
        CreditAccount.tenant_id == session.context.tenant_id,
        CreditAccount.customer_id.in_(customer_ids),
    )
    return await session.scalar(query.limit(1)) is not None


async def lock_customers(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, Customer]:
    """Return customers by id, locked in the order of their ids: nobody waits in a circle."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == session.context.tenant_id, Customer.id.in_(customer_ids))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )
    return {one.id: one for one in await session.scalars(query)}


async def rows_of(
    session: Session, belonging: Belonging, customer_ids: Collection[UUID]
) -> list[Any]:
    """Return, locked, the rows of a kind that name one of the customers."""
    model = belonging.model
    names = [getattr(model, name).in_(customer_ids) for name in belonging.columns]
    query = select(model).where(model.tenant_id == session.context.tenant_id, or_(*names))
    return await session.scalars(query.order_by(model.id).with_for_update(key_share=True))


async def rows_at(
    session: Session, belonging: Belonging, customer_ids: Collection[UUID]
) -> list[Any]:
    """Return, locked, the rows of a kind of which one may come first at these customers."""
    model = belonging.model
    theirs = getattr(model, belonging.columns[0]).in_(customer_ids)
    query = select(model).where(model.tenant_id == session.context.tenant_id, theirs)
    return await session.scalars(query.order_by(model.id).with_for_update(key_share=True))


async def lock_households(
    session: Session, member_ids: Collection[UUID] = (), customer_ids: Collection[UUID] = ()
) -> None:
    """Lock the households of members or customers: like every command, before their members."""
    if not member_ids and not customer_ids:
        return
    member, tenant_id = HouseholdMember, session.context.tenant_id
    households = await session.scalars(
        select(member.household_id).where(
            member.tenant_id == tenant_id,
            or_(member.id.in_(member_ids), member.customer_id.in_(customer_ids)),
        )
    )
    if households:
        await rows_with(session, Household, set(households))


async def rows_with(session: Session, model: Any, row_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Return rows by id, locked."""
    query = select(model).where(model.tenant_id == session.context.tenant_id, model.id.in_(row_ids))
    found = await session.scalars(query.order_by(model.id).with_for_update(key_share=True))
    return {one.id: one for one in found}


async def moves_of(session: Session, merge_id: UUID) -> Sequence[MergeMove]:
    """Return what a merge changed, in the order in which it did."""
    query = select(MergeMove).where(
        MergeMove.tenant_id == session.context.tenant_id, MergeMove.merge_id == merge_id
    )
    return await session.scalars(query.order_by(MergeMove.place))


async def forget_entries(session: Session, customer_ids: Collection[UUID]) -> None:
    """Drop the index entries of custom values of customers, to be made anew."""
    await session.execute(
        delete(CustomEntry).where(
            CustomEntry.tenant_id == session.context.tenant_id,
            CustomEntry.customer_id.in_(customer_ids),
        )
    )
