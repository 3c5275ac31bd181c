"""What the world hears of approvals."""

from typing import Any
from uuid import UUID

from kehu_contracts import quoting
from kehu_sales.approvals.models import Approval, Decision


def _state(approval: Approval) -> dict[str, Any]:
    level = approval.level
    return {
        "approval_id": approval.id,
        "kind": approval.kind,
        "document_id": approval.document_id,
        "document_number": approval.document_number,
        "state": approval.state,
        "levels": len(approval.levels),
        "position": approval.position,
        "level_name": level.name if level else None,
        "waiting_employee_id": approval.waiting_employee_id,
        "waiting_role": approval.waiting_role,
        "amount": approval.sum,
        "discount_percent": approval.discount_percent,
        "submitted_by_id": approval.owner_id,
    }


def requested(approval: Approval) -> quoting.ApprovalRequested:
    return quoting.ApprovalRequested(**_state(approval))


def decided(
    approval: Approval, decision: Decision, employee_id: UUID | None
) -> quoting.ApprovalDecided:
    return quoting.ApprovalDecided(**_state(approval), decision=decision, decided_by_id=employee_id)
