"""What the world hears of a territory."""

from typing import Any

from kehu_contracts import customer as contract
from kehu_customer.territories.models import Territory


def _state(territory: Territory, changed: list[str]) -> dict[str, Any]:
    return {
        "territory_id": territory.id,
        "code": territory.code,
        "name": territory.name,
        "changed": changed,
    }


def created(territory: Territory) -> contract.TerritoryCreated:
    return contract.TerritoryCreated(**_state(territory, []))


def changed(territory: Territory, fields: list[str]) -> contract.TerritoryChanged:
    return contract.TerritoryChanged(**_state(territory, fields))
