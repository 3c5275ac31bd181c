"""What the world hears of a source of facts."""

from typing import Any

from kehu_contracts import archive as contract
from kehu_customer.fact_sources.models import FactSource


def _state(source: FactSource, changed: list[str]) -> dict[str, Any]:
    return {
        "source_id": source.id,
        "code": source.code,
        "name_zh": source.name_zh,
        "name_en": source.name_en,
        "needs_confirmation": source.needs_confirmation,
        "active": source.active,
        "changed": changed,
    }


def created(source: FactSource) -> contract.FactSourceCreated:
    return contract.FactSourceCreated(**_state(source, []))


def changed(source: FactSource, fields: list[str]) -> contract.FactSourceChanged:
    return contract.FactSourceChanged(**_state(source, fields))
