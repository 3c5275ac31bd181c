"""The buying committee: which contacts have a part in the purchase (采购小组, L2452-2454).

Members are values, as product lines are: an opportunity replaces them as a whole.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from kehu_sales.later import known
from kehu_sales.methods.stages import BuyingRole


class Influence(StrEnum):
    """How much a member has to say."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Member:
    """A contact with a part in the purchase."""

    contact_id: UUID
    role: BuyingRole
    influence: Influence | None = None


class CommitteeColumn(TypeDecorator[tuple[Member, ...]]):
    """The members in a jsonb column."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Member, ...] | None, _dialect: Dialect) -> Any:
        """Return the members as JSON can hold them."""
        return [
            {
                "contact_id": str(member.contact_id),
                "role": member.role.value,
                "influence": member.influence,
            }
            for member in value or ()
        ]

    def process_result_value(self, value: Any, _dialect: Dialect) -> tuple[Member, ...]:
        """Return the stored members."""
        return tuple(
            Member(
                contact_id=UUID(member["contact_id"]),
                role=known(BuyingRole, member["role"]),
                influence=known(Influence, member["influence"]) if member["influence"] else None,
            )
            for member in value
        )
