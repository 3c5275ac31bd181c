"""What the world hears of an opportunity: always the whole of it, on its business day."""

from datetime import date
from typing import Any
from uuid import UUID

from kehu_contracts import sales as contract
from kehu_contracts.money import Money
from kehu_sales.lines import contract_lines
from kehu_sales.opportunities.models import Opportunity, Result


def _state(opportunity: Opportunity, effective_on: date, changed: list[str]) -> dict[str, Any]:
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
        "status": opportunity.status,
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


def stage_entered(opportunity: Opportunity, fields: list[str]) -> contract.OpportunityStageEntered:
    return contract.OpportunityStageEntered(**_state(opportunity, opportunity.last_step_on, fields))


def won(opportunity: Opportunity, fields: list[str], won_amount: Money) -> contract.OpportunityWon:
    return contract.OpportunityWon(
        **_state(opportunity, opportunity.last_step_on, fields), won_amount=won_amount
    )


def lost(opportunity: Opportunity, fields: list[str]) -> contract.OpportunityLost:
    return contract.OpportunityLost(**_state(opportunity, opportunity.last_step_on, fields))
