"""Reading amendments, and the revisions of contracts."""

from uuid import UUID

from sqlalchemy import Select, and_, func, select

from kehu_kernel.session import Session
from kehu_sales.amendments.errors import ContractBeingAmended
from kehu_sales.amendments.models import KEPT, AmendmentState, ContractAmendment
from kehu_sales.amendments.schemas import AmendmentFilters
from kehu_sales.approvals.models import (
    Approval,
    ApprovalDecision,
    ApprovalState,
    Decision,
    DocumentKind,
)

SORT_COLUMNS = {"created_at": ContractAmendment.created_at}


def matching(tenant_id: str, filters: AmendmentFilters) -> Select[ContractAmendment]:
    """Return the query for the amendments that match all filters."""
    query = select(ContractAmendment).where(
        ContractAmendment.tenant_id == tenant_id,
        ContractAmendment.state != AmendmentState.ORIGINAL,
    )
    for name in ("contract_id", "state"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(getattr(ContractAmendment, name) == value)
    return query


async def require_none_open(session: Session, contract_id: UUID) -> None:
    """Refuse while an amendment of a locked contract waits. Raises `ContractBeingAmended`."""
    waiting = await session.scalar(
        select(ContractAmendment.id).where(
            ContractAmendment.tenant_id == session.context.tenant_id,
            ContractAmendment.contract_id == contract_id,
            ContractAmendment.state == AmendmentState.IN_APPROVAL,
        )
    )
    if waiting is not None:
        raise ContractBeingAmended


async def kept_of(session: Session, contract_id: UUID) -> list[ContractAmendment]:
    """Return every version of a contract that was agreed to, oldest first."""
    return await session.scalars(
        select(ContractAmendment)
        .where(
            ContractAmendment.tenant_id == session.context.tenant_id,
            ContractAmendment.contract_id == contract_id,
            ContractAmendment.state.in_(KEPT),
        )
        .order_by(ContractAmendment.revision)
    )


async def first_agreed_by(session: Session, contract_id: UUID) -> tuple[str | None, str | None]:
    """Return who submitted the contract, and who approved it: the same if nobody was asked."""
    rows = await session.execute(
        select(
            Approval.submitted_by, func.coalesce(ApprovalDecision.decided_by, Approval.submitted_by)
        )
        .outerjoin(
            ApprovalDecision,
            and_(
                ApprovalDecision.tenant_id == Approval.tenant_id,
                ApprovalDecision.approval_id == Approval.id,
                ApprovalDecision.decision == Decision.APPROVE,
            ),
        )
        .where(
            Approval.tenant_id == session.context.tenant_id,
            Approval.kind == DocumentKind.CONTRACT,
            Approval.document_id == contract_id,
            Approval.state == ApprovalState.APPROVED,
        )
        .order_by(ApprovalDecision.step.desc().nulls_last())
        .limit(1)
    )
    for submitted_by, decided_by in rows:
        return submitted_by, decided_by
    return None, None
