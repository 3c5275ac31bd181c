"""What the world hears of a sales method."""

from typing import Any

from kehu_contracts import sales as contract
from kehu_sales.methods.models import Method


def _state(method: Method, changed: list[str]) -> dict[str, Any]:
    return {
        "method_id": method.id,
        "code": method.code,
        "name": method.name,
        "is_default": method.is_default,
        "active": method.active,
        "stages": [
            contract.MethodStage(
                code=stage.code,
                name=stage.name,
                position=position,
                planned_days=stage.planned_days,
                success_rate=stage.success_rate,
                kind=stage.kind,
                buyer_stage=stage.buyer_stage,
                period=stage.period,
            )
            for position, stage in enumerate(method.stages, start=1)
        ],
        "stages_version": method.stages_version,
        "changed": changed,
    }


def created(method: Method) -> contract.MethodCreated:
    return contract.MethodCreated(**_state(method, []))


def changed(method: Method, fields: list[str]) -> contract.MethodChanged:
    return contract.MethodChanged(**_state(method, fields))
