"""Leaving stages on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel.wire import Day, Flag, Input, LongText, Text, Whole
from kehu_sales.methods.stages import BuyerStage, Control, Kind, Period, Stage
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.progress_schemas import (
    ConditionRead,
)
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.schemas import (
    ON,
)


class StageReturn(Input):
    """Return an opportunity to an earlier stage."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to_stage": "pre-study", "reason": "客户需求变更"}]}
    )

    to_stage: Text = Field(description="Code of the stage; the present one must allow it.")
    reason: LongText = Field(description="Why.")
    on: Day | None = Field(None, description=ON)


class MethodMove(Input):
    """Let an opportunity follow another version of its method, or another method."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "采用新版销售流程"}]})

    reason: LongText = Field(description="Why.")
    method_id: UUID | None = Field(None, description="The method; its present one if omitted.")
    version: Whole | None = Field(
        None, ge=1, le=2**31 - 1, description="Version of the stages; the newest if omitted."
    )
    to_stage: Text | None = Field(
        None, description="Code of the stage it is in then; that of the same code if omitted."
    )
    confirm_reminders: Flag = Field(
        False, description="Go on although conditions that only remind are not met."
    )
    override_reason: LongText | None = Field(
        None,
        description="Why to go on, or back, although the version asks for more. Needs the scope "
        "`sales:opportunities:override`; kept in the history of stages.",
    )
    on: Day | None = Field(None, description=ON)


class GateRead(BaseModel):
    """What must be there before an opportunity leaves its stage, and what is."""

    stage_code: str = Field(description="The present stage.")
    stage_name: str = Field(description="Its name.")
    control: OrLater[Control] = Field(description="How strictly it insists: none, remind, strict.")
    kind: OrLater[Kind] | None = Field(description="What an opportunity in it is.")
    buyer_stage: OrLater[BuyerStage] | None = Field(description="Where the buyer stands meanwhile.")
    period: OrLater[Period] | None = Field(description="Period of the opportunity's life.")
    planned_days: int = Field(description="Days planned for the stage.")
    actual_days: int = Field(description="Days it has been there.")
    overdue: bool = Field(description="Whether that is longer than planned.")
    to_stage_code: str | None = Field(
        description="The stage asked for, or the next one; null where only winning is left."
    )
    conditions: list[ConditionRead] = Field(
        description="Every condition of the stages that are left or skipped."
    )
    unmet: list[ConditionRead] = Field(description="Those that are not met.")
    allowed: bool = Field(description="Whether it can be promoted without overriding.")
    winning_asks: bool = Field(
        description="Whether winning asks for the conditions of the present stage."
    )
    winning_allowed: bool = Field(description="Whether it can be won without overriding them.")
    needs_confirmation: bool = Field(description="Whether reminders must be confirmed.")
    may_return_to: list[str] = Field(description="Earlier stages it may be returned to.")

    @classmethod
    def of(
        cls,
        opportunity: Opportunity,
        stages: Sequence[Stage],
        recorded: Mapping[str, Recorded],
        target: int | None,
        today: date,
        *,
        winning_asks: bool,
    ) -> Self:
        """Return the gate to the stage at the position `target`; None if there is none."""
        position = opportunity.require_in_progress()
        here = stages[position - 1]
        conditions = opportunity.conditions_until(target or position + 1, stages, recorded)
        read = [ConditionRead.of(condition) for condition in conditions]
        unmet = [one for one in read if not one.met]
        controls = {one.control for one in unmet}
        here_unmet = {one.control for one in unmet if one.stage_code == here.code}
        entered = opportunity.stage_entered_on or opportunity.last_step_on
        return cls(
            stage_code=here.code,
            stage_name=here.name,
            control=here.conditions.control,
            kind=here.kind,
            buyer_stage=here.buyer_stage,
            period=here.period,
            planned_days=here.planned_days,
            actual_days=(today - entered).days,
            overdue=opportunity.is_overdue(today),
            to_stage_code=stages[target - 1].code if target else None,
            conditions=read,
            unmet=unmet,
            allowed=target is not None and Control.STRICT not in controls,
            winning_asks=winning_asks,
            winning_allowed=not winning_asks or Control.STRICT not in here_unmet,
            needs_confirmation=Control.REMIND in controls,
            may_return_to=list(here.may_return_to),
        )
