"""Activities on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_contracts.money import Money
from kehu_kernel.amounts import PriceInput
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text, Whole, shown
from kehu_sales.activities.models import Activity, ActivityKind

Minutes = Annotated[Whole, Field(ge=1, le=10_080)]
"""A duration: up to a week."""
ID = "019364c2-7d5e-7000-8000-00000000000"


class ActivityCreate(Input):
    """A contact that took place."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "visit",
                    "topic": "拜访信息中心主任，确认需求",
                    "opportunity_id": f"{ID}5",
                    "employee_id": f"{ID}2",
                    "on": "2026-11-20",
                    "place": "苏州工业园区星湖街",
                    "minutes": 90,
                    "cost": {"amount": "260.00", "currency": "CNY"},
                }
            ]
        },
    )

    kind: ActivityKind = Field(description="How it took place.")
    topic: Text = Field(description="What it was about, in a few words.")
    content: LongText | None = Field(None, description="What was said and agreed.")
    opportunity_id: UUID | None = Field(None, description="The opportunity it belongs to.")
    customer_id: UUID | None = Field(
        None, description="The customer it was with; the opportunity's if omitted."
    )
    task_id: UUID | None = Field(
        None,
        description="The task it was done for; what is not named is the task's, also the stage.",
    )
    employee_id: UUID | None = Field(
        None, description="Who did it; the caller if omitted and the caller is an employee."
    )
    on: Day | None = Field(
        None, description="Business day it took place; today if omitted, never in the future."
    )
    place: Text | None = Field(None, description="Where it took place.")
    minutes: Minutes | None = Field(None, description="How long it took, in minutes.")
    cost: PriceInput | None = Field(None, description="What it cost us: travel, meals, gifts.")


class ActivityRead(BaseModel):
    """An activity."""

    id: UUID = Field(description="The activity's id.")
    version: int = Field(description="Always 1: an activity is never changed.")
    kind: OrLater[ActivityKind] = Field(description="How it took place.")
    topic: str = Field(description="What it was about, in a few words.")
    content: str | None = Field(description="What was said and agreed.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    stage_code: str | None = Field(description="Stage the opportunity was in when it was recorded.")
    customer_id: UUID | None = Field(description="The customer it was with.")
    task_id: UUID | None = Field(description="The task it was done for.")
    employee_id: UUID | None = Field(description="Who did it.")
    occurred_on: date = Field(description="Business day it took place.")
    place: str | None = Field(description="Where it took place.")
    minutes: int | None = Field(description="How long it took, in minutes.")
    cost: Money | None = Field(description="What it cost us.")
    created_at: datetime = Field(description="When it was recorded.")

    @classmethod
    def of(cls, activity: Activity) -> Self:
        """Return the activity as the API shows it."""
        return shown(cls, activity, cost=activity.spent)


class ActivityFilters(PageParams):
    """Filters of the activity list; all must match."""

    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    stage_code: str | None = Field(None, description="Recorded in the stage with this code.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    task_id: UUID | None = Field(None, description="Done for this task.")
    employee_id: UUID | None = Field(None, description="By this employee.")
    kind: ActivityKind | None = Field(None, description="Of this kind.")
    occurred_from: Day | None = Field(None, description="Took place then or later.")
    occurred_to: Day | None = Field(None, description="Took place then or earlier.")
    sort: Literal["occurred_on", "-occurred_on"] = Field(
        "-occurred_on", description="Order; a leading minus reverses it."
    )
