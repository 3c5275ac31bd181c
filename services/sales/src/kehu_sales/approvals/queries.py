"""Reading approvals and chains."""

from uuid import UUID

from sqlalchemy import Select, and_, false, or_, select, true

from kehu_kernel.context import Context
from kehu_kernel.session import Session
from kehu_sales.approvals.models import (
    DECIDE_SCOPE,
    Approval,
    ApprovalChain,
    ApprovalDecision,
    ApprovalState,
)
from kehu_sales.approvals.schemas import ApprovalFilters, ChainFilters

SORT_COLUMNS = {"created_at": Approval.created_at}
CHAIN_SORT_COLUMNS = {"kind": ApprovalChain.kind}


async def chain_of(session: Session, kind: str) -> ApprovalChain | None:
    """Return the chain of a kind of document, if the tenant has one."""
    chain: ApprovalChain | None = await session.scalar(
        select(ApprovalChain).where(
            ApprovalChain.tenant_id == session.context.tenant_id, ApprovalChain.kind == kind
        )
    )
    return chain


def chains(tenant_id: str, filters: ChainFilters) -> Select[ApprovalChain]:
    """Return the query for the chains that match."""
    query = select(ApprovalChain).where(ApprovalChain.tenant_id == tenant_id)
    return query if filters.kind is None else query.where(ApprovalChain.kind == filters.kind)


def matching(context: Context, filters: ApprovalFilters) -> Select[Approval]:
    """Return the query for the approvals that match all filters."""
    query = select(Approval).where(Approval.tenant_id == context.tenant_id)
    for name in ("kind", "document_id", "state"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(Approval, name) == value)
    if filters.waiting_for is not None:
        query = _waiting_for(query, context)
    return query


def _waiting_for(query: Select[Approval], context: Context) -> Select[Approval]:
    """Return only what the caller is asked for; not everything the caller could decide.

    Where a level names nobody, everybody with the scope to decide is asked.
    """
    nobody = and_(Approval.waiting_employee_id.is_(None), Approval.waiting_role.is_(None))
    me = context.employee_id
    return query.where(
        Approval.state == ApprovalState.WAITING,
        or_(
            Approval.waiting_employee_id == me if me else false(),
            Approval.waiting_role.in_(sorted(context.roles)),
            nobody if DECIDE_SCOPE in (context.scopes or ()) else false(),
        ),
        or_(
            Approval.own_allowed,
            and_(
                Approval.submitted_by != context.actor,
                Approval.owner_id.is_distinct_from(me) if me else true(),
                Approval.document_owner_id.is_distinct_from(me) if me else true(),
            ),
        ),
    )


async def decisions_of(session: Session, approval_id: UUID) -> list[ApprovalDecision]:
    """Return every step of an approval, oldest first."""
    return await session.scalars(
        select(ApprovalDecision)
        .where(
            ApprovalDecision.tenant_id == session.context.tenant_id,
            ApprovalDecision.approval_id == approval_id,
        )
        .order_by(ApprovalDecision.step)
    )
