"""What the world hears of a contract."""

from datetime import date
from typing import Any

from kehu_contracts import contracting
from kehu_contracts.money import Money
from kehu_sales.contracts.models import Contract, ContractState
from kehu_sales.quotes.lines import offered_lines


def _state(contract: Contract, changed: list[str]) -> dict[str, Any]:
    return {
        "contract_id": contract.id,
        "number": contract.number,
        "state": contract.state,
        "revision": contract.revision,
        "quote_id": contract.quote_id,
        "opportunity_id": contract.opportunity_id,
        "customer_id": contract.customer_id,
        "contact_id": contract.contact_id,
        "owner_id": contract.owner_id,
        "department_id": contract.department_id,
        "lines": offered_lines(contract.lines, contract.currency),
        "discount_percent": contract.discount_percent,
        "total": contract.sum,
        "collected": contract.received,
        "instalments": [
            contracting.PlannedInstalment(
                position=position,
                due_on=share.due_on,
                amount=Money(amount=share.amount, currency=contract.currency),
                condition=share.condition,
            )
            for position, share in enumerate(contract.instalments, 1)
        ],
        "on_account": contract.on_account,
        "settlement_method": contract.settlement_method,
        "signed_on": contract.signed_on,
        "starts_on": contract.starts_on,
        "ends_on": contract.ends_on,
        "approved_on": contract.approved_on,
        "closed_on": contract.closed_on,
        "cancel_reason": contract.cancel_reason,
        "changed": changed,
        "credit_override_reason": contract.credit_override_reason,
    }


def created(contract: Contract) -> contracting.ContractCreated:
    return contracting.ContractCreated(**_state(contract, []))


def amended(contract: Contract, fields: list[str], reason: str) -> contracting.ContractAmended:
    return contracting.ContractAmended(**_state(contract, fields), reason=reason)


def ending(contract: Contract, today: date) -> contracting.ContractEnding:
    """Return the event of an end that is near; the contract has a last day, and stays as it is."""
    days_left = ((contract.ends_on or today) - today).days
    return contracting.ContractEnding(**_state(contract, []), days_left=days_left)


OF_STATE: dict[str, type[contracting.ContractFact]] = {
    ContractState.APPROVED: contracting.ContractApproved,
    ContractState.FULFILLED: contracting.ContractFulfilled,
    ContractState.CANCELLED: contracting.ContractCancelled,
}


def changed(contract: Contract, fields: list[str]) -> contracting.ContractFact:
    """Return the event of a change; a step with a name of its own is told by that name."""
    if "collected" in fields:
        return contracting.ContractCollected(**_state(contract, fields))
    step = OF_STATE.get(contract.state) if "state" in fields else None
    return (step or contracting.ContractChanged)(**_state(contract, fields))
