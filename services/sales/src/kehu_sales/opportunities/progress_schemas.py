"""How an opportunity came to where it is, and what keeps it there, on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from kehu_contracts.base import OrLater
from kehu_kernel.amounts import POSITIVE, Written, digits
from kehu_kernel.wire import shown
from kehu_sales.methods.stages import Control, Stage
from kehu_sales.opportunities.history import WINNING, Evaluation, StageEntry
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Condition, ConditionKind, Recorded
from kehu_sales.opportunities.words import (
    Result,
)

ID = "019364c2-7d5e-7000-8000-00000000000"
ON = "Business day; today if omitted, never in the future, never before the step before."

Quantity = Annotated[
    Decimal, Field(gt=0, max_digits=14, decimal_places=4), Written(POSITIVE + digits(10, 4))
]


class EvaluationRead(BaseModel):
    """One decision about an opportunity."""

    round: int = Field(description="Counts the decisions, from 1.")
    evaluator_id: UUID = Field(description="The employee who was named to decide.")
    result: OrLater[Result] = Field(description="The decision.")
    next_evaluator_id: UUID | None = Field(description="Who decides next, after pass_to_next.")
    comment: str | None = Field(description="Why.")
    decided_on: date = Field(description="Day of the decision.")
    decided_by: str = Field(description="Token subject of who entered the decision.")

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        """Return the decision as the API shows it."""
        return shown(cls, evaluation)


class EvaluationHistory(BaseModel):
    """Every decision about an opportunity."""

    items: list[EvaluationRead] = Field(description="The decisions, oldest first.")


class StageEntryRead(BaseModel):
    """A stay of an opportunity in a stage."""

    position: int = Field(description="Place of the stage in the method, from 1.")
    code: str = Field(description="Code of the stage.")
    name: str = Field(description="Name of the stage.")
    success_rate: int = Field(description="Chance of winning, in percent.")
    planned_days: int = Field(description="Days it should stay there.")
    entered_on: date = Field(description="Day it entered.")
    left_on: date | None = Field(description="Day it left or was closed; null while it is there.")
    actual_days: int = Field(description="Days it stayed, or has stayed until today.")
    overdue: bool = Field(
        description="Whether it stayed longer than planned; a closing stage never is."
    )
    entered_by: str = Field(description="Token subject of who promoted it.")
    left_by: str | None = Field(
        description="Token subject of who moved it on, closed it, or moved it to the pool; null "
        "for what was closed before 27 November 2026."
    )
    manner: str | None = Field(
        description="How it came there: evaluation, promotion, return, method_move, winning; null "
        "for entries of before 24 November 2026."
    )
    reason: str | None = Field(description="Why it was returned, or moved to another version.")
    override_reason: str | None = Field(description="Why what the method asks for was passed over.")

    @classmethod
    def of(cls, entry: StageEntry, left_on: date | None, left_by: str | None, today: date) -> Self:
        """Return the stay as the API shows it."""
        closing = entry.manner == WINNING  # after the order: nothing leaves it, nothing is late
        left_on, left_by = (None, None) if closing else (left_on, left_by)
        days = ((left_on or today) - entry.entered_on).days
        return cls(
            position=entry.position,
            code=entry.code,
            name=entry.name,
            success_rate=entry.success_rate,
            planned_days=entry.planned_days,
            entered_on=entry.entered_on,
            left_on=left_on,
            actual_days=days,
            overdue=not closing and days > entry.planned_days,
            entered_by=entry.entered_by,
            left_by=left_by,
            manner=entry.manner,
            reason=entry.reason,
            override_reason=entry.override_reason,
        )


class StageHistory(BaseModel):
    """Every stage an opportunity has been in."""

    items: list[StageEntryRead] = Field(description="The stages, in the order they were entered.")


class ConditionRead(BaseModel):
    """A condition of a stage that is to be left, and how it stands."""

    stage_code: str = Field(description="The stage.")
    control: OrLater[Control] = Field(description="Whether it only reminds, or is strict.")
    kind: ConditionKind = Field(
        description="What is asked for: a count, an approved document, a field, or a role."
    )
    item: str | None = Field(description="Which kind of document, which field, or which role.")
    required: int = Field(description="How many are needed; 1 of a field or role.")
    actual: int = Field(description="How many there are: recorded in the stage, or said.")
    met: bool = Field(description="Whether that is enough.")
    en: str = Field(description="The condition in words, in English.")
    zh: str = Field(description="The condition in words, in Chinese.")

    @classmethod
    def of(cls, condition: Condition) -> Self:
        """Return the condition as the API shows it."""
        return cls.model_validate(condition, from_attributes=True)


class PromotionPreview(BaseModel):
    """What a promotion would do."""

    stage_code: str = Field(description="The present stage.")
    stage_entered_on: date = Field(description="Day it was entered; no promotion lies before.")
    next_stage_code: str | None = Field(description="The next stage; null in the last one.")
    next_stage_name: str | None = Field(description="Its name.")
    next_stage_position: int | None = Field(description="Its place in the method, from 1.")
    next_success_rate: int | None = Field(description="Chance of winning there, in percent.")
    conditions: list[ConditionRead] = Field(description="Conditions of the present stage.")
    allowed: bool = Field(description="Whether it can be promoted at all.")
    needs_confirmation: bool = Field(description="Whether reminders must be confirmed.")

    @classmethod
    def of(
        cls, opportunity: Opportunity, stages: Sequence[Stage], recorded: Mapping[str, Recorded]
    ) -> Self:
        """Return what promoting to the next stage would do."""
        position = opportunity.require_in_progress()
        following = stages[position] if position < len(stages) else None
        if following is not None and following.closing:
            following = None
        conditions = opportunity.conditions_until(position + 1, stages, recorded)
        unmet = {condition.control for condition in conditions if not condition.met}
        return cls(
            stage_code=stages[position - 1].code,
            stage_entered_on=opportunity.stage_entered_on or opportunity.last_step_on,
            next_stage_code=following.code if following else None,
            next_stage_name=following.name if following else None,
            next_stage_position=position + 1 if following else None,
            next_success_rate=following.success_rate if following else None,
            conditions=[ConditionRead.of(condition) for condition in conditions],
            allowed=following is not None and Control.STRICT not in unmet,
            needs_confirmation=Control.REMIND in unmet,
        )
