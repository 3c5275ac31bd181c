"""Facts of the sales service, from methods and prices to visits, quotes and contracts."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts import (
    aiming,
    collisions,
    contracting,
    deciding,
    delivering,
    fieldwork,
    market,
    quoting,
)
from kehu_contracts.base import DecimalText, Event, Fragment, Percent
from kehu_contracts.erasure import ErasureAcknowledgement
from kehu_contracts.lines import DocumentLine
from kehu_contracts.money import Money

OpportunityStatus = Literal[
    "not_evaluated", "in_evaluation", "in_progress", "evaluation_failed", "won", "lost"
]
EvaluationResult = Literal["pass", "pass_to_next", "reject", "fail"]


class ProductState(Event):
    """A product after the change."""

    key: ClassVar[str] = "product_id"

    product_id: UUID = Field(description="The product.")
    code: str = Field(description="Code, unique for the tenant.")
    name: str = Field(description="Name.")
    series: str | None = Field(description="Product line the product belongs to.")
    unit: str | None = Field(description="Unit the quantity counts, such as piece.")
    list_price: Money = Field(description="Price of one unit before any discount.")
    active: bool = Field(description="Whether the product may still be offered.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    category: str | None = Field(
        default=None,
        description="Kind of product, in the tenant's own words.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    origin: str | None = Field(
        default=None,
        description="Self_produced or agency; may grow.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    tax_rate: DecimalText | None = Field(
        default=None,
        description="Tax in the price, percent.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    days_per_unit: DecimalText | None = Field(
        default=None,
        description="Days that one unit lasts.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    service_enabled: bool | None = Field(
        default=None,
        description="Whether the service desk services it.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    creates_product_file: bool | None = Field(
        default=None,
        description="Whether a delivered one gets a product file.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    spare_part: bool | None = Field(
        default=None,
        description="Whether it is a spare part.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    service_life_months: int | None = Field(
        default=None,
        description="Service life from the delivery on, in months.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    warranty_months: int | None = Field(
        default=None,
        description="Warranty from the delivery on, in months.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


class ProductCreated(ProductState):
    """A product was entered."""

    type: ClassVar[str] = "sales.product-created.v1"


class ProductChanged(ProductState):
    """A product was changed or withdrawn."""

    type: ClassVar[str] = "sales.product-changed.v1"


class MethodStage(Fragment):
    """One stage of a sales method."""

    code: str = Field(description="Code, unique in the method.")
    name: str = Field(description="Name.")
    position: int = Field(ge=1, description="Place in the method, from 1.")
    planned_days: int = Field(ge=0, description="Days an opportunity should stay in the stage.")
    success_rate: Percent = Field(description="Chance of winning in this stage, in percent.")
    kind: str | None = Field(
        None,
        description="What an opportunity in the stage is: potential to successful.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    buyer_stage: str | None = Field(
        None,
        description="Where the buyer stands meanwhile, C1 to C5.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    period: str | None = Field(
        None,
        description="Period of life: identification, development, maturity, harvest.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class MethodState(Event):
    """A sales method with all its stages after the change."""

    key: ClassVar[str] = "method_id"

    method_id: UUID = Field(description="The sales method.")
    code: str = Field(description="Code, unique for the tenant.")
    name: str = Field(description="Name.")
    is_default: bool = Field(description="Whether new opportunities take this method.")
    active: bool = Field(description="Whether the method may still be chosen.")
    stages: list[MethodStage] = Field(description="Every stage, by position.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    stages_version: int | None = Field(
        None,
        description="Counts the versions of the stages, from 1.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class MethodCreated(MethodState):
    """A sales method was set up."""

    type: ClassVar[str] = "sales.method-created.v1"


class MethodChanged(MethodState):
    """A sales method or one of its stages was changed."""

    type: ClassVar[str] = "sales.method-changed.v1"


class ConfirmationTemplateState(Event):
    """A confirmation template after the change."""

    key: ClassVar[str] = "template_id"

    template_id: UUID = Field(description="The template.")
    code: str = Field(description="Code, unique for the tenant.")
    name: str = Field(description="Name.")
    required_fields: list[str] = Field(description="What an opportunity must say to match.")
    question_codes: list[str] = Field(description="Codes of the questions to be answered.")
    active: bool = Field(description="Whether opportunities may be confirmed by it.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ConfirmationTemplateCreated(ConfirmationTemplateState):
    """A confirmation template was set up."""

    type: ClassVar[str] = "sales.confirmation-template-created.v1"


class ConfirmationTemplateChanged(ConfirmationTemplateState):
    """A confirmation template was changed or withdrawn."""

    type: ClassVar[str] = "sales.confirmation-template-changed.v1"


class OpportunityState(Event):
    """An opportunity after the change."""

    key: ClassVar[str] = "opportunity_id"

    opportunity_id: UUID = Field(description="The opportunity.")
    number: str = Field(description="Document number, such as OPP-2026-000123.")
    topic: str = Field(description="What it is about, in a few words.")
    customer_id: UUID | None = Field(description="The customer; needed to win.")
    contact_id: UUID | None = Field(description="The contact at the customer.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    department_id: UUID | None = Field(description="The department of the owner.")
    source: str | None = Field(description="Where the opportunity came from.")
    lead_id: UUID | None = Field(description="The lead it was converted from.")
    method_id: UUID = Field(description="The sales method it follows.")
    status: OpportunityStatus = Field(description="Where it stands.")
    stage_code: str | None = Field(description="Stage of the method; none before it passed.")
    stage_name: str | None = Field(description="Name of the stage.")
    stage_position: int | None = Field(description="Place of the stage in the method, from 1.")
    success_rate: Percent | None = Field(description="Chance of winning, in percent.")
    stage_entered_on: date | None = Field(description="Business day the stage was entered.")
    expected_close_on: date | None = Field(description="Business day a decision is expected.")
    expected_revenue: Money = Field(description="Sum of the lines; typed in when there are none.")
    lines: list[DocumentLine] = Field(description="Every product line, in order.")
    opened_on: date = Field(description="Business day it was opened.")
    closed_on: date | None = Field(description="Business day it was won or lost.")
    close_reason: str | None = Field(description="Why it was won or lost.")
    effective_on: date = Field(description="Business day this change counts for.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    pooled: bool | None = Field(
        None,
        description="Whether it lies in the reserve pool; its status reads evaluation_failed then.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    kind: str | None = Field(
        None,
        description="What it is: potential, effective, feasible, target, successful.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    method_version: int | None = Field(
        None,
        description="Version of the method's stages that it follows.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    stage_due_on: date | None = Field(
        None,
        description="Business day it should leave its stage by.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    reported_by_id: UUID | None = Field(
        None,
        description="The employee who reported it.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    competitor: str | None = Field(
        None,
        description="The competitor; of a lost one, who won it.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    competitor_id: UUID | None = Field(
        None,
        description="The competitor's file.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    confirmed_on: date | None = Field(
        None,
        description="Business day it was confirmed as effective.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    close_reason_code: str | None = Field(
        None,
        description="Why it was won or lost, by the code of the tenant's list.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    level: str | None = Field(
        None,
        description="Level of the grading scheme, such as major; null: not graded.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    level_rank: int | None = Field(
        None,
        description="Place of the level, from 1 for the highest.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    level_score: DecimalText | None = Field(
        None,
        description="Score of the grade, 0 to 100.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    level_since_on: date | None = Field(
        None,
        description="Business day it came to be of this level.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    handle_by_on: date | None = Field(
        None,
        description="Last business day of the handling time limit of the level.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class OpportunityCreated(OpportunityState):
    """An opportunity was opened."""

    type: ClassVar[str] = "sales.opportunity-created.v1"


class OpportunityChanged(OpportunityState):
    """Potential information or product lines of an opportunity were changed."""

    type: ClassVar[str] = "sales.opportunity-changed.v1"


class OpportunitySubmitted(OpportunityState):
    """An opportunity was submitted to a named evaluator."""

    type: ClassVar[str] = "sales.opportunity-submitted.v1"

    evaluator_id: UUID = Field(description="The employee who is to evaluate it.")


class OpportunityEvaluated(OpportunityState):
    """An evaluator decided; only `pass` and `fail` end the evaluation."""

    type: ClassVar[str] = "sales.opportunity-evaluated.v1"

    result: EvaluationResult = Field(description="The decision.")
    evaluator_id: UUID = Field(description="The employee who decided.")
    next_evaluator_id: UUID | None = Field(description="Who decides next, after pass_to_next.")


class OpportunityStageEntered(OpportunityState):
    """An opportunity entered a stage: the first one after it passed, or the next by promotion."""

    type: ClassVar[str] = "sales.opportunity-stage-entered.v1"

    manner: str | None = Field(
        None,
        description="How it came there: promotion, return, method_move.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    reason: str | None = Field(
        None,
        description="Why it was returned, or moved to another version.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    override_reason: str | None = Field(
        None,
        description="Why what the method asks for was passed over.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    former_stage_code: str | None = Field(
        None,
        description="The stage it left; null if it was in none.",
        json_schema_extra={"x-added-on": "2026-11-27"},
    )
    former_planned_days: int | None = Field(
        None,
        description="Days planned for the stage it left.",
        json_schema_extra={"x-added-on": "2026-11-27"},
    )
    former_actual_days: int | None = Field(
        None,
        description="Days it stayed in the stage it left.",
        json_schema_extra={"x-added-on": "2026-11-27"},
    )


class OpportunityConfirmed(OpportunityState):
    """An opportunity was confirmed as effective."""

    type: ClassVar[str] = "sales.opportunity-confirmed.v1"

    confirmation: str = Field(description="By what: formal_request or template.")
    template_id: UUID | None = Field(description="The confirmation template it matched.")


class OpportunityStageOverdue(OpportunityState):
    """An opportunity has been in its stage longer than planned; told once per stay."""

    type: ClassVar[str] = "sales.opportunity-stage-overdue.v1"


class OpportunityLevelState(OpportunityState):
    """A state of an opportunity that its level's leader is to hear of."""

    leader_id: UUID | None = Field(
        None,
        description="The employee who answers for the level.",
        json_schema_extra={"x-added-on": "2026-11-23"},
    )
    leader_role: str | None = Field(
        None,
        description="The role that answers for the level, where no employee is named.",
        json_schema_extra={"x-added-on": "2026-11-23"},
    )


class OpportunityGraded(OpportunityLevelState):
    """An opportunity came to be of another level, or of none."""

    type: ClassVar[str] = "sales.opportunity-graded.v1"

    former_level: str | None = Field(description="The level it was of before.")


class OpportunityHandlingOverdue(OpportunityLevelState):
    """The handling time limit of an opportunity's level is over; told once per level."""

    type: ClassVar[str] = "sales.opportunity-handling-overdue.v1"


class OpportunityPooled(OpportunityState):
    """An opportunity went to the reserve pool: neither open, nor won, nor lost any more."""

    type: ClassVar[str] = "sales.opportunity-pooled.v1"

    reason: str = Field(description="Why.")
    former_status: str = Field(description="Where it stood before, such as in_progress or lost.")


class OpportunityIdle(OpportunityState):
    """Nobody turns to an opportunity: it goes back to the reserve pool unless somebody does."""

    type: ClassVar[str] = "sales.opportunity-idle.v1"

    idle_since_on: date = Field(description="Business day somebody last turned to it.")
    return_on: date = Field(description="Business day on which it goes back.")


class OpportunityTakenUp(OpportunityState):
    """An opportunity was taken up from the reserve pool; it begins again, not evaluated."""

    type: ClassVar[str] = "sales.opportunity-taken-up.v1"

    reason: str | None = Field(description="Why, if that was said.")


class OpportunityAssigned(OpportunityState):
    """An opportunity was given to an employee by the rules of assignment."""

    type: ClassVar[str] = "sales.opportunity-assigned.v1"

    assignment_id: UUID = Field(description="The assignment, which keeps the explanation.")
    rule_id: UUID = Field(description="The rule that gave it.")
    way: str = Field(
        description="territory, skill, least_load, round_robin or named; more may come."
    )


class OpportunityWon(OpportunityState):
    """An opportunity was won; this is final."""

    type: ClassVar[str] = "sales.opportunity-won.v1"

    won_amount: Money = Field(description="The amount that was really agreed.")
    override_reason: str | None = Field(
        None,
        description="Why unmet conditions were passed over.",
        json_schema_extra={"x-added-on": "2026-11-27"},
    )


class OpportunityLost(OpportunityState):
    """An opportunity was lost; this is final."""

    type: ClassVar[str] = "sales.opportunity-lost.v1"


class SalesErasureAcknowledged(ErasureAcknowledgement):
    """Sales has erased the persons."""

    type: ClassVar[str] = "sales.sales-erasure-acknowledged.v1"


EVENTS: tuple[type[Event], ...] = (
    *contracting.EVENTS,
    *delivering.EVENTS,
    *collisions.EVENTS,
    *fieldwork.EVENTS,
    *market.EVENTS,
    *quoting.EVENTS,
    ProductCreated,
    ProductChanged,
    MethodCreated,
    MethodChanged,
    ConfirmationTemplateCreated,
    ConfirmationTemplateChanged,
    OpportunityCreated,
    OpportunityChanged,
    OpportunitySubmitted,
    OpportunityEvaluated,
    OpportunityConfirmed,
    OpportunityStageEntered,
    OpportunityStageOverdue,
    OpportunityGraded,
    OpportunityHandlingOverdue,
    OpportunityPooled,
    OpportunityIdle,
    OpportunityTakenUp,
    OpportunityAssigned,
    OpportunityWon,
    OpportunityLost,
    *aiming.EVENTS,
    *deciding.EVENTS,
    SalesErasureAcknowledged,
)
