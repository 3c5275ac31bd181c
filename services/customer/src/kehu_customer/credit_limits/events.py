"""What the world hears of a credit limit."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_contracts.money import Money
from kehu_customer.credit_limits.models import CreditLimit, CreditLimitChange


def _state(limit: CreditLimit, step: CreditLimitChange, changed: list[str]) -> dict[str, Any]:
    before = step.amount_before
    return {
        "credit_limit_id": limit.id,
        "customer_id": limit.customer_id,
        "year": limit.year,
        "starts_on": limit.starts_on,
        "ends_on": limit.ends_on,
        "amount": Money(amount=limit.amount, currency=limit.currency),
        "previous_amount": (
            None if before is None else Money(amount=before, currency=limit.currency)
        ),
        "reason": step.reason,
        "overridden": step.overridden,
        "changed": changed,
    }


def granted(limit: CreditLimit, step: CreditLimitChange) -> contract.CreditLimitGranted:
    return contract.CreditLimitGranted(**_state(limit, step, []))


def adjusted(
    limit: CreditLimit, step: CreditLimitChange, fields: list[str]
) -> contract.CreditLimitAdjusted:
    return contract.CreditLimitAdjusted(**_state(limit, step, fields))
