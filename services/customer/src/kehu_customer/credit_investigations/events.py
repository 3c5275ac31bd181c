"""What the world hears of a credit investigation."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_customer.credit_investigations.models import CreditInvestigation


def _state(one: CreditInvestigation, changed: list[str]) -> dict[str, Any]:
    return {
        "credit_investigation_id": one.id,
        "customer_id": one.customer_id,
        "expired_report_id": one.expired_report_id,
        "assignee_id": one.assignee_id,
        "due_on": one.due_on,
        "reason": one.reason,
        "state": one.state,
        "new_report_id": one.new_report_id,
        "close_reason": one.close_reason,
        "changed": changed,
    }


def opened(one: CreditInvestigation) -> contract.CreditInvestigationOpened:
    return contract.CreditInvestigationOpened(**_state(one, []))


def closed(one: CreditInvestigation, fields: list[str]) -> contract.CreditInvestigationClosed:
    return contract.CreditInvestigationClosed(**_state(one, fields))
