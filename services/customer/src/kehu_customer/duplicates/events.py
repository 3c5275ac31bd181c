"""What the world hears of pairs of records that may be one customer."""

from typing import Any

from kehu_contracts import duplicates as contract
from kehu_customer.duplicates.models import DuplicatePair


def _state(pair: DuplicatePair, changed: list[str]) -> dict[str, Any]:
    return {
        "pair_id": pair.id,
        "first_id": pair.first_id,
        "second_id": pair.second_id,
        "score": pair.score,
        "state": pair.state,
        "changed": [one for one in changed if one in contract.DuplicatePairState.model_fields],
    }


def suspected(pair: DuplicatePair) -> contract.DuplicateSuspected:
    return contract.DuplicateSuspected(**_state(pair, []))


def decided(pair: DuplicatePair, fields: list[str]) -> contract.DuplicateDecided:
    return contract.DuplicateDecided(**_state(pair, fields))
