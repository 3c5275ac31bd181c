"""Facts of the sales service: opportunities that collide (撞单)."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment


class CreditShare(Fragment):
    """How much of a chance is whose merit."""

    employee_id: UUID = Field(description="The employee.")
    percent: DecimalText = Field(description="Percent of the whole.")


class CollisionState(Event):
    """Two opportunities that are one chance to sell in two hands, after a step."""

    key: ClassVar[str] = "collision_id"

    collision_id: UUID = Field(description="The collision; there is one of any two opportunities.")
    number: str = Field(description="Document number, such as COL-2026-000001.")
    state: str = Field(
        description="Open, claimed, contested, yielded, arbitrated, dismissed or lapsed; may grow."
    )
    relation: str = Field(
        description="How the customers are related: same, parent, sister, duplicate or group; may "
        "grow."
    )
    overlap: str = Field(
        description="What both are about: the same product, a category, or unspecified; may grow."
    )
    opportunity_ids: list[UUID] = Field(description="The two opportunities, in order of their ids.")
    claimant_id: UUID | None = Field(description="The opportunity whose side claims.")
    answer_due_on: date | None = Field(description="Last day for the other side to answer.")
    kept_id: UUID | None = Field(description="The opportunity that goes on alone.")
    credit: list[CreditShare] | None = Field(
        description="Whose merit it is, 100 percent together, if that was decided."
    )
    decided_on: date | None = Field(description="Business day it was decided.")
    changed: list[str] = Field(description="Names of the fields that changed; empty at first.")


class CollisionFound(CollisionState):
    """Two opportunities collide, for the first time or again."""

    type: ClassVar[str] = "sales.collision-found.v1"


class CollisionClaimed(CollisionState):
    """One side claims the chance; the other one is to answer."""

    type: ClassVar[str] = "sales.collision-claimed.v1"


class CollisionContested(CollisionState):
    """The other side does not accept the claim, or is silent: somebody has to arbitrate."""

    type: ClassVar[str] = "sales.collision-contested.v1"


class CollisionAnswerOverdue(CollisionState):
    """The day for answering a claim has passed without an answer; told once."""

    type: ClassVar[str] = "sales.collision-answer-overdue.v1"


class CollisionSettled(CollisionState):
    """One side yielded or was silent, somebody decided, or the two collide no more."""

    type: ClassVar[str] = "sales.collision-settled.v1"


EVENTS: tuple[type[Event], ...] = (
    CollisionFound,
    CollisionClaimed,
    CollisionContested,
    CollisionAnswerOverdue,
    CollisionSettled,
)
