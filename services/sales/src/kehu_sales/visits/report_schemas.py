"""What becomes of a visit, on the wire: approval, check-in, checklist, report."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText
from kehu_kernel.amounts import PriceInput, Written, digits
from kehu_kernel.wire import Day, Flag, Input, LongText, Text, Whole
from kehu_sales.lists import Once
from kehu_sales.moments import Moment
from kehu_sales.visits.models import Phase, Proposed, RefusalDegree, RefusalReason

Minutes = Annotated[Whole, Field(ge=0, le=10_080)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Quantity = Annotated[
    DecimalText, Field(ge=0, max_digits=18, decimal_places=2), Written(digits(16, 2))
]
Degrees = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class Rejection(Input):
    """Send a plan back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "请先电话预约"}]})

    note: LongText = Field(description="Why, and what to change.")


class Cancellation(Input):
    """Call a visit off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户临时出差"}]})

    reason: Text = Field(description="Why.")
    following: Flag = Field(
        False, description="True: all that follow in the series too, and no more are planned."
    )


class Position(Input):
    """A position, as a phone tells it (WGS 84)."""

    latitude: Degrees = Field(ge=-90, le=90, description="Degrees north.")
    longitude: Degrees = Field(ge=-180, le=180, description="Degrees east.")
    accuracy_m: Degrees | None = Field(None, ge=0, le=1e6, description="Accuracy, in metres.")


class CheckIn(Input):
    """Arrive at the customer's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"position": {"latitude": 31.2989, "longitude": 120.5853, "accuracy_m": 12.0}}
            ]
        }
    )

    at: Moment | None = Field(None, description="When; now if omitted, never in the future.")
    position: Position | None = Field(None, description="Where, if the phone knows it.")


class Finish(Input):
    """Leave the customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    at: Moment | None = Field(None, description="When; now if omitted, never in the future.")


class Ticking(Input):
    """Tick items of the checklist, or take that back."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": ["preparation_1", "preparation_2"]}]}
    )

    items: Annotated[list[Code], Field(min_length=1, max_length=100), Once] = Field(
        description="Codes of the items."
    )
    ticked: Flag = Field(True, description="False: not done after all.")


class Proposal(BaseModel):
    """What was recommended: the three key factors (L2654)."""

    model_config = ConfigDict(extra="forbid")

    feature: Text = Field(description="Feature of the product.")
    benefit: Text = Field(description="What the customer gains by it.")
    evidence: Text | None = Field(None, description="What proves it.")


class Commitment(BaseModel):
    """What was promised (L2622)."""

    model_config = ConfigDict(extra="forbid")

    promise: Text = Field(description="The promise.")
    within_policy: Flag = Field(description="Whether policy covers it.")
    authorised_by: Text | None = Field(None, description="Who authorised it, if policy does not.")


class Assessment(BaseModel):
    """What is known of the market after the visit (L2570)."""

    model_config = ConfigDict(extra="forbid")

    market: LongText = Field(description="Assessment of the market.")
    goals: LongText | None = Field(None, description="Goals of development.")
    problems: LongText | None = Field(None, description="Problems in development.")
    solutions: LongText | None = Field(None, description="Solutions.")


class Refusal(Input):
    """How, and why, the customer refused (L2608-2616)."""

    degree: RefusalDegree = Field(
        description="`firm`: no more calling; `not_firm`: a follow-up task is made."
    )
    reason: RefusalReason = Field(description="The true reason.")


class NextStep(Input):
    """What comes next (L2656)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"step": "送样机试用", "on": "2026-12-02"}]}
    )

    step: Text = Field(description="What comes next.")
    on: Day | None = Field(
        None, description="Business day it should happen; not one that is over when it is named."
    )


class VisitReport(Input):
    """What came of a visit; goes to the department head."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "summary": "客户现有 40 台工作站，服务期到明年三月，正在考虑更换。",
                    "introduction_minutes": 2,
                    "listened_minutes": 20,
                    "asked_minutes": 8,
                    "presented_minutes": 12,
                    "phase": "next_step",
                    "behaviour_stage": 3,
                    "potential_buyer": True,
                    "needs": "渲染速度提高一倍",
                    "next_need_on": "2027-03-01",
                    "next_need_quantity": "40",
                    "proposed": "proposal",
                    "proposals": [
                        {"feature": "双显卡", "benefit": "渲染快一倍", "evidence": "测试报告"}
                    ],
                    "next_step": {"step": "送样机试用", "on": "2026-12-02"},
                    "cost": {"amount": "260.00", "currency": "CNY"},
                }
            ]
        }
    )

    summary: LongText = Field(description="What was said and agreed.")
    introduction_minutes: Minutes | None = Field(None, description="Minutes of introduction.")
    listened_minutes: Minutes | None = Field(None, description="Minutes listening.")
    asked_minutes: Minutes | None = Field(None, description="Minutes asking.")
    presented_minutes: Minutes | None = Field(None, description="Minutes presenting.")
    phase: Phase | None = Field(None, description="How far the talk came.")
    behaviour_stage: Whole | None = Field(
        None,
        ge=1,
        le=4,
        description="Stage of behaviour: 1 good relation, 2 initial trust, 3 reliance, 4 action.",
    )
    potential_buyer: Flag | None = Field(None, description="Whether the person may buy.")
    needs: LongText | None = Field(None, description="Needs that were found.")
    next_need_on: Day | None = Field(None, description="When the next need is expected.")
    next_need_quantity: Quantity | None = Field(None, description="How much, then.")
    proposed: Proposed = Field(Proposed.NOTHING, description="What was put before the customer.")
    proposals: list[Proposal] | None = Field(
        None, max_length=50, description="Feature, benefit and evidence of each."
    )
    commitments: list[Commitment] | None = Field(
        None, max_length=50, description="What was promised."
    )
    market_assessment: Assessment | None = Field(None, description="The market, after the visit.")
    refusal: Refusal | None = Field(None, description="If the customer refused.")
    next_step: NextStep | None = Field(None, description="What comes next.")
    travel_minutes: Minutes | None = Field(None, description="Minutes of travel.")
    cost: PriceInput | None = Field(None, description="What it cost us.")

    def values(self) -> dict[str, Any]:
        """Return what the visit keeps, by the names of its columns."""
        kept = self.model_dump(exclude={"refusal", "next_step", "cost"})
        return kept | {
            "refusal_degree": self.refusal and self.refusal.degree,
            "refusal_reason": self.refusal and self.refusal.reason,
            "next_step": self.next_step and self.next_step.step,
            "next_step_on": self.next_step and self.next_step.on,
            "cost": self.cost and self.cost.amount,
            "currency": self.cost and self.cost.currency,
        }
