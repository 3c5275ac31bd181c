"""What the world hears of a hand-over."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kehu_contracts import ownership as contract
from kehu_customer.employees.models import Employee
from kehu_customer.hand_overs.models import HandOver


def _state(
    hand_over: HandOver, successors: Mapping[UUID, Employee], changed: list[str]
) -> dict[str, Any]:
    def department_of(successor_id: UUID) -> UUID:
        return successors[successor_id].department_id

    return {
        "hand_over_id": hand_over.id,
        "employee_id": hand_over.employee_id,
        "successor_id": hand_over.successor_id,
        "successor_department_id": department_of(hand_over.successor_id),
        "shares": [
            contract.HandOverShare(
                department_id=UUID(share["department_id"]),
                successor_id=UUID(share["successor_id"]),
                successor_department_id=department_of(UUID(share["successor_id"])),
            )
            for share in hand_over.shares
        ],
        "reason": hand_over.reason,
        "state": hand_over.state,
        "failure": hand_over.failure,
        "changed": changed,
    }


def started(hand_over: HandOver, successors: Mapping[UUID, Employee]) -> contract.HandOverStarted:
    return contract.HandOverStarted(**_state(hand_over, successors, []))


def completed(
    hand_over: HandOver, successors: Mapping[UUID, Employee], fields: list[str]
) -> contract.HandOverCompleted:
    return contract.HandOverCompleted(**_state(hand_over, successors, fields))


def failed(
    hand_over: HandOver, successors: Mapping[UUID, Employee], fields: list[str]
) -> contract.HandOverFailed:
    return contract.HandOverFailed(**_state(hand_over, successors, fields))
