"""Facts of the customer service: pairs of records that may be one customer."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event


class DuplicatePairState(Event):
    """Two records that may be one customer."""

    key: ClassVar[str] = "pair_id"

    pair_id: UUID = Field(description="The pair; there is one of any two records.")
    first_id: UUID = Field(description="The customer with the smaller id.")
    second_id: UUID = Field(description="The other customer.")
    score: int = Field(description="How sure it is, 0 to 100.")
    state: str = Field(
        description="open: nobody has decided; merged; dismissed: they are two. May grow."
    )
    changed: list[str] = Field(description="Names of the fields that changed; empty at first.")


class DuplicateSuspected(DuplicatePairState):
    """Two records were found to be alike; where somebody allowed both, they are dismissed."""

    type: ClassVar[str] = "customer.duplicate-suspected.v1"


class DuplicateDecided(DuplicatePairState):
    """Somebody decided whether two records are one customer, or undid a merge."""

    type: ClassVar[str] = "customer.duplicate-decided.v1"


EVENTS: tuple[type[Event], ...] = (DuplicateSuspected, DuplicateDecided)
