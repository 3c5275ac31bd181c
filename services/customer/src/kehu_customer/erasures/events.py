"""What the world hears of an erasure: ids, never a name."""

from typing import Any
from uuid import UUID

from kehu_contracts import erasure as contract
from kehu_customer.erasures.models import Erasure


def _state(erasure: Erasure) -> dict[str, Any]:
    return {
        "erasure_id": erasure.id,
        "subject_ids": [UUID(one) for one in erasure.subject_ids],
        "legal_basis": erasure.legal_basis,
        "state": erasure.state,
    }


def ordered(erasure: Erasure) -> contract.ErasureOrdered:
    return contract.ErasureOrdered(**_state(erasure))


def completed(erasure: Erasure) -> contract.ErasureCompleted:
    return contract.ErasureCompleted(**_state(erasure))
