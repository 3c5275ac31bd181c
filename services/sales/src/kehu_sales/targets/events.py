"""What the world hears of a target."""

from typing import Any

from kehu_contracts import planning as contract
from kehu_sales.targets.models import Target


def _state(target: Target, changed: list[str]) -> dict[str, Any]:
    return {
        "target_id": target.id,
        "period": target.period,
        "starts_on": target.starts_on,
        "ends_on": target.ends_on,
        "employee_id": target.employee_id,
        "department_id": target.department_id,
        "amount": target.sum,
        "active": target.active,
        "changed": changed,
    }


def created(target: Target) -> contract.TargetSet:
    return contract.TargetSet(**_state(target, []))


def changed(target: Target, fields: list[str]) -> contract.TargetChanged:
    return contract.TargetChanged(**_state(target, fields))
