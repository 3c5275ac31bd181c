"""Facts of the sales service: what is to be won, and how sure it is to come."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event
from kehu_contracts.money import Money


class TargetState(Event):
    """A target after the change: what an employee or a department is to win in a period."""

    key: ClassVar[str] = "target_id"

    target_id: UUID = Field(description="The target.")
    period: str = Field(description="A year, quarter or month: 2026, 2026-Q4, 2026-11.")
    starts_on: date = Field(description="First day of the period.")
    ends_on: date = Field(description="Last day of the period.")
    employee_id: UUID | None = Field(description="The employee it is for.")
    department_id: UUID | None = Field(description="The department it is for, with those below it.")
    amount: Money = Field(description="What is to be won.")
    active: bool = Field(description="False: it was withdrawn.")
    changed: list[str] = Field(description="Names of the fields that changed; empty when set.")


class TargetSet(TargetState):
    """A target was set."""

    type: ClassVar[str] = "sales.target-set.v1"


class TargetChanged(TargetState):
    """A target was changed or withdrawn."""

    type: ClassVar[str] = "sales.target-changed.v1"


class ForecastCalled(Event):
    """Somebody in charge said how sure an opportunity is to come."""

    key: ClassVar[str] = "forecast_call_id"
    type: ClassVar[str] = "sales.forecast-called.v1"

    forecast_call_id: UUID = Field(description="The word on the opportunity.")
    opportunity_id: UUID = Field(description="The opportunity.")
    category: str | None = Field(
        description="commit, likely, best or omitted; null: the word was taken back. May grow."
    )
    reason: str | None = Field(description="Why.")
    changed: list[str] = Field(description="Names of the fields that changed; empty at first.")


EVENTS: tuple[type[Event], ...] = (TargetSet, TargetChanged, ForecastCalled)
