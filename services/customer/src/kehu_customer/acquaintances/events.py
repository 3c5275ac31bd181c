"""What the world hears of an acquaintance: not how the two know each other."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.acquaintances.models import Acquaintance


def _state(acquaintance: Acquaintance, changed: list[str]) -> dict[str, Any]:
    return {
        "acquaintance_id": acquaintance.id,
        "employee_id": acquaintance.employee_id,
        "contact_id": acquaintance.contact_id,
        "closeness": acquaintance.closeness,
        "met_on": acquaintance.met_on,
        "active": acquaintance.active,
        "changed": changed,
    }


def created(acquaintance: Acquaintance) -> contract.AcquaintanceCreated:
    return contract.AcquaintanceCreated(**_state(acquaintance, []))


def changed(acquaintance: Acquaintance, fields: list[str]) -> contract.AcquaintanceChanged:
    return contract.AcquaintanceChanged(**_state(acquaintance, fields))
