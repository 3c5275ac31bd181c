"""What the world hears of an opportunity: always the whole of it, on its business day."""

from datetime import date
from typing import Any, Protocol
from uuid import UUID

from kehu_contracts import sales as contract
from kehu_contracts.money import Money
from kehu_sales.lines import contract_lines
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.progress import Stay
from kehu_sales.opportunities.words import Result, Status


class Assigned(Protocol):
    """What an event tells of an assignment."""

    id: Any
    rule_id: Any
    explanation: Any


class Leader(Protocol):
    """Who answers for the level of an opportunity."""

    leader_id: Any
    leader_role: Any


def _state(opportunity: Opportunity, effective_on: date, changed: list[str]) -> dict[str, Any]:
    pooled = opportunity.status == Status.POOLED
    return {
        "opportunity_id": opportunity.id,
        "number": opportunity.number,
        "topic": opportunity.topic,
        "customer_id": opportunity.customer_id,
        "contact_id": opportunity.contact_id,
        "owner_id": opportunity.owner_id,
        "department_id": opportunity.department_id,
        "source": opportunity.source,
        "lead_id": opportunity.lead_id,
        "method_id": opportunity.method_id,
        # The words of a published event cannot grow. Who knows no pool takes what lies there for
        # what failed its evaluation: neither open, nor won, nor lost.
        "status": Status.EVALUATION_FAILED if pooled else opportunity.status,
        "stage_code": opportunity.stage_code,
        "stage_name": opportunity.stage_name,
        "stage_position": opportunity.stage_position,
        "success_rate": opportunity.success_rate,
        "stage_entered_on": opportunity.stage_entered_on,
        "expected_close_on": opportunity.expected_close_on,
        "expected_revenue": opportunity.revenue,
        "lines": contract_lines(opportunity.lines, opportunity.currency),
        "opened_on": opportunity.opened_on,
        "closed_on": opportunity.closed_on,
        "close_reason": opportunity.close_reason,
        "effective_on": effective_on,
        "changed": changed,
        "pooled": pooled,
        "kind": opportunity.kind.value,
        "method_version": opportunity.method_version,
        "stage_due_on": opportunity.stage_due_on,
        "reported_by_id": opportunity.reported_by_id,
        "competitor": opportunity.competitor,
        "competitor_id": opportunity.competitor_id,
        "confirmed_on": opportunity.confirmed_on,
        "close_reason_code": opportunity.close_reason_code,
        "level": opportunity.level,
        "level_rank": opportunity.level_rank,
        "level_score": opportunity.level_score,
        "level_since_on": opportunity.level_since_on,
        "handle_by_on": opportunity.handle_by_on,
    }


def created(opportunity: Opportunity) -> contract.OpportunityCreated:
    return contract.OpportunityCreated(**_state(opportunity, opportunity.opened_on, []))


def changed(
    opportunity: Opportunity, fields: list[str], today: date
) -> contract.OpportunityChanged:
    return contract.OpportunityChanged(**_state(opportunity, today, fields))


def submitted(
    opportunity: Opportunity, fields: list[str], *, evaluator_id: UUID
) -> contract.OpportunitySubmitted:
    return contract.OpportunitySubmitted(
        **_state(opportunity, opportunity.last_step_on, fields), evaluator_id=evaluator_id
    )


def evaluated(
    opportunity: Opportunity, fields: list[str], *, result: Result, evaluator_id: UUID
) -> contract.OpportunityEvaluated:
    return contract.OpportunityEvaluated(
        **_state(opportunity, opportunity.last_step_on, fields),
        result=result.value,
        evaluator_id=evaluator_id,
        next_evaluator_id=opportunity.evaluator_id,
    )


def stage_entered(
    opportunity: Opportunity,
    fields: list[str],
    manner: str,
    left: Stay,
    *,
    reason: str | None = None,
    override_reason: str | None = None,
) -> contract.OpportunityStageEntered:
    return contract.OpportunityStageEntered(
        **_state(opportunity, opportunity.last_step_on, fields),
        manner=manner,
        reason=reason,
        override_reason=override_reason,
        former_stage_code=left.code,
        former_planned_days=left.planned_days,
        former_actual_days=left.actual_days,
    )


def confirmed(
    opportunity: Opportunity, fields: list[str], on: date
) -> contract.OpportunityConfirmed:
    return contract.OpportunityConfirmed(
        **_state(opportunity, on, fields),
        confirmation=opportunity.confirmation or "",
        template_id=opportunity.confirmation_template_id,
    )


def stage_overdue(
    opportunity: Opportunity, fields: list[str], today: date
) -> contract.OpportunityStageOverdue:
    return contract.OpportunityStageOverdue(**_state(opportunity, today, fields))


def graded(
    opportunity: Opportunity,
    fields: list[str],
    today: date,
    *,
    former_level: str | None,
    leader: Leader | None,
) -> contract.OpportunityGraded:
    return contract.OpportunityGraded(
        **_state(opportunity, today, fields),
        former_level=former_level,
        leader_id=leader.leader_id if leader else None,
        leader_role=leader.leader_role if leader else None,
    )


def handling_overdue(
    opportunity: Opportunity, fields: list[str], today: date, leader: Leader
) -> contract.OpportunityHandlingOverdue:
    return contract.OpportunityHandlingOverdue(
        **_state(opportunity, today, fields),
        leader_id=leader.leader_id,
        leader_role=leader.leader_role,
    )


def pooled(
    opportunity: Opportunity, fields: list[str], *, reason: str, former_status: str
) -> contract.OpportunityPooled:
    return contract.OpportunityPooled(
        **_state(opportunity, opportunity.last_step_on, fields),
        reason=reason,
        former_status=former_status,
    )


def idle(
    opportunity: Opportunity, today: date, *, since: date, return_on: date
) -> contract.OpportunityIdle:
    return contract.OpportunityIdle(
        **_state(opportunity, today, []), idle_since_on=since, return_on=return_on
    )


def taken_up(
    opportunity: Opportunity, fields: list[str], *, reason: str | None
) -> contract.OpportunityTakenUp:
    return contract.OpportunityTakenUp(
        **_state(opportunity, opportunity.last_step_on, fields), reason=reason
    )


def assigned(
    opportunity: Opportunity, fields: list[str], today: date, assignment: Assigned
) -> contract.OpportunityAssigned:
    return contract.OpportunityAssigned(
        **_state(opportunity, today, fields),
        assignment_id=assignment.id,
        rule_id=assignment.rule_id,
        way=assignment.explanation[-1]["way"],
    )


def won(
    opportunity: Opportunity, fields: list[str], won_amount: Money, *, override_reason: str | None
) -> contract.OpportunityWon:
    return contract.OpportunityWon(
        **_state(opportunity, opportunity.last_step_on, fields),
        won_amount=won_amount,
        override_reason=override_reason,
    )


def lost(opportunity: Opportunity, fields: list[str]) -> contract.OpportunityLost:
    return contract.OpportunityLost(**_state(opportunity, opportunity.last_step_on, fields))
