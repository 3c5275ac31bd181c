"""What the world hears of collisions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from kehu_contracts import collisions as contract
from kehu_sales.collisions.models import Collision

Telling = Callable[[Collision, list[str]], contract.CollisionState]


def _state(collision: Collision, changed: list[str]) -> dict[str, Any]:
    credit = collision.credit
    return {
        "collision_id": collision.id,
        "number": collision.number,
        "state": collision.state,
        "relation": collision.relation,
        "overlap": collision.overlap,
        "opportunity_ids": [*collision.sides],
        "claimant_id": collision.claimant_id,
        "answer_due_on": collision.answer_due_on,
        "kept_id": collision.kept_id,
        "credit": credit
        and [
            contract.CreditShare(employee_id=UUID(who), percent=percent)
            for who, percent in sorted(credit.items())
        ],
        "decided_on": collision.decided_on,
        "changed": [one for one in changed if one in contract.CollisionState.model_fields],
    }


def found(collision: Collision, fields: list[str]) -> contract.CollisionFound:
    return contract.CollisionFound(**_state(collision, fields))


def claimed(collision: Collision, fields: list[str]) -> contract.CollisionClaimed:
    return contract.CollisionClaimed(**_state(collision, fields))


def contested(collision: Collision, fields: list[str]) -> contract.CollisionContested:
    return contract.CollisionContested(**_state(collision, fields))


def answer_overdue(collision: Collision, fields: list[str]) -> contract.CollisionAnswerOverdue:
    return contract.CollisionAnswerOverdue(**_state(collision, fields))


def settled(collision: Collision, fields: list[str]) -> contract.CollisionSettled:
    return contract.CollisionSettled(**_state(collision, fields))
