"""Facts of the customer service about who looks after what."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event, Fragment


class HandOverShare(Fragment):
    """What a leaver looks after in one department goes to a successor of its own."""

    department_id: UUID = Field(description="The department of what is handed over.")
    successor_id: UUID = Field(description="Who gets it.")
    successor_department_id: UUID = Field(description="The department the successor works in.")


class HandOverState(Event):
    """The hand-over of everything a leaver looks after.

    Each service hands over what it holds: to the successor of the record's department if one is
    named in `shares`, otherwise to `successor_id`.
    """

    key: ClassVar[str] = "hand_over_id"

    hand_over_id: UUID = Field(description="The hand-over.")
    employee_id: UUID = Field(description="The leaver.")
    successor_id: UUID = Field(description="Who gets whatever `shares` give to nobody else.")
    successor_department_id: UUID = Field(description="The department the successor works in.")
    shares: list[HandOverShare] = Field(description="Departments with another successor.")
    reason: str | None = Field(description="Why, in the words of who asked for it.")
    state: str = Field(description="Running, completed or failed.")
    failure: str | None = Field(description="Code of the error that made it fail.")
    changed: list[str] = Field(description="Names of the fields that changed; empty at the start.")


class HandOverStarted(HandOverState):
    """Everything of a leaver is to be handed over: do so with what you hold."""

    type: ClassVar[str] = "customer.hand-over-started.v1"


class HandOverCompleted(HandOverState):
    """No customer is left with the leaver; hand over what the leaver was given meanwhile."""

    type: ClassVar[str] = "customer.hand-over-completed.v1"


class HandOverFailed(HandOverState):
    """Customers are left with the leaver, because a successor has left too."""

    type: ClassVar[str] = "customer.hand-over-failed.v1"
