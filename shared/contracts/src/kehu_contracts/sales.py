"""Facts of the sales service, from methods and prices to visits, opportunities and quotes."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Fragment, Percent, Timestamp
from kehu_contracts.erasure import ErasureAcknowledgement
from kehu_contracts.money import Money

OpportunityStatus = Literal[
    "not_evaluated", "in_evaluation", "in_progress", "evaluation_failed", "won", "lost"
]
EvaluationResult = Literal["pass", "pass_to_next", "reject", "fail"]
TaskStatus = Literal["open", "in_progress", "completed"]


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


class DocumentLine(Fragment):
    """One product line of an opportunity or a quote."""

    product_id: UUID = Field(description="The product.")
    product_name: str = Field(description="Name of the product when the line was written.")
    quantity: DecimalText = Field(description="Quantity, in units of the product.")
    unit_price: Money = Field(description="Agreed price of one unit.")
    amount: Money = Field(description="Quantity times unit price, rounded half-even once.")


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
        description="Why unmet conditions were passed over.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class OpportunityConfirmed(OpportunityState):
    """An opportunity was confirmed as effective."""

    type: ClassVar[str] = "sales.opportunity-confirmed.v1"

    confirmation: str = Field(description="By what: formal_request or template.")
    template_id: UUID | None = Field(description="The confirmation template it matched.")


class OpportunityStageOverdue(OpportunityState):
    """An opportunity has been in its stage longer than planned; told once per stay."""

    type: ClassVar[str] = "sales.opportunity-stage-overdue.v1"


class OpportunityPooled(OpportunityState):
    """An opportunity went to the reserve pool: neither open, nor won, nor lost any more."""

    type: ClassVar[str] = "sales.opportunity-pooled.v1"

    reason: str = Field(description="Why.")
    former_status: str = Field(description="Where it stood before, such as in_progress or lost.")


class OpportunityTakenUp(OpportunityState):
    """An opportunity was taken up from the reserve pool; it begins again, not evaluated."""

    type: ClassVar[str] = "sales.opportunity-taken-up.v1"

    reason: str | None = Field(description="Why, if that was said.")


class OpportunityWon(OpportunityState):
    """An opportunity was won; this is final."""

    type: ClassVar[str] = "sales.opportunity-won.v1"

    won_amount: Money = Field(description="The amount that was really agreed.")


class OpportunityLost(OpportunityState):
    """An opportunity was lost; this is final."""

    type: ClassVar[str] = "sales.opportunity-lost.v1"


class ActivityRecorded(Event):
    """A visit, call or other contact took place; it is never changed afterwards."""

    type: ClassVar[str] = "sales.activity-recorded.v1"
    key: ClassVar[str] = "activity_id"

    activity_id: UUID = Field(description="The activity.")
    kind: str = Field(description="Kind of activity, such as visit or call.")
    topic: str = Field(description="What it was about, in a few words.")
    customer_id: UUID | None = Field(description="The customer it was with.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    stage_code: str | None = Field(description="Stage the opportunity was in at the time.")
    employee_id: UUID | None = Field(description="The employee who did it.")
    occurred_on: date = Field(description="Business day it took place.")
    place: str | None = Field(
        None,
        description="Where it took place.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    minutes: int | None = Field(
        None,
        description="How long it took, in minutes.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    cost: Money | None = Field(
        None,
        description="What it cost us.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class TaskState(Event):
    """A task after the change."""

    key: ClassVar[str] = "task_id"

    task_id: UUID = Field(description="The task.")
    topic: str = Field(description="What is to be done, in a few words.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    stage_code: str | None = Field(description="Stage the opportunity was in on creation.")
    assignee_id: UUID | None = Field(description="The employee who is to do it.")
    status: TaskStatus = Field(description="How far it is.")
    due_on: date | None = Field(description="Business day it should be done by.")
    started_on: date | None = Field(description="Business day work really began.")
    finished_on: date | None = Field(description="Business day work really ended.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")
    starts_at: Timestamp | None = Field(
        None,
        description="Planned start, if it has a time of its own.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    ends_at: Timestamp | None = Field(
        None,
        description="Planned end.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )
    series_id: UUID | None = Field(
        None,
        description="What repeats it has in common, if it repeats.",
        json_schema_extra={"x-added-on": "2026-11-22"},
    )


class TaskCreated(TaskState):
    """A task was given out."""

    type: ClassVar[str] = "sales.task-created.v1"


class TaskAssigned(TaskState):
    """A task was given to an employee, the first or another one."""

    type: ClassVar[str] = "sales.task-assigned.v1"


class TaskCompleted(TaskState):
    """A task was completed, with its actual start and end."""

    type: ClassVar[str] = "sales.task-completed.v1"


class TaskChanged(TaskState):
    """The plan of a task was changed."""

    type: ClassVar[str] = "sales.task-changed.v1"


class TaskDue(TaskState):
    """A task is due today, or is overdue, and not done; told once for a due day."""

    type: ClassVar[str] = "sales.task-due.v1"


class TaskReminded(TaskState):
    """A task starts soon, as its owner wished to be reminded; told once for a start."""

    type: ClassVar[str] = "sales.task-reminded.v1"


class TaskCancelled(Event):
    """A task was called off; this is final."""

    type: ClassVar[str] = "sales.task-cancelled.v1"
    key: ClassVar[str] = "task_id"

    task_id: UUID = Field(description="The task.")
    topic: str = Field(description="What was to be done, in a few words.")
    customer_id: UUID | None = Field(description="The customer it was for.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    assignee_id: UUID | None = Field(description="The employee who was to do it.")
    series_id: UUID | None = Field(description="What repeats have in common, if it repeats.")
    reason: str = Field(description="Why.")


class VisitState(Event):
    """A visit after the change."""

    key: ClassVar[str] = "visit_id"

    visit_id: UUID = Field(description="The visit.")
    number: str = Field(description="Document number, such as VIS-2026-000123.")
    visit_type: str = Field(description="Code of the type of visit, such as new_customer.")
    purpose: str = Field(description="What it is for.")
    customer_id: UUID = Field(description="The customer.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    contact_ids: list[UUID] = Field(description="Contacts who are met.")
    owner_id: UUID | None = Field(description="The employee who visits.")
    department_id: UUID | None = Field(description="The department of the employee.")
    observer_ids: list[UUID] = Field(description="Employees who come along.")
    status: str = Field(
        description="How far it is: planned, in_approval, approved, checked_in, done, reported, "
        "closed or cancelled; more may come."
    )
    business_trip: bool = Field(description="Whether it is a business trip.")
    starts_at: Timestamp = Field(description="Planned start.")
    ends_at: Timestamp = Field(description="Planned end.")
    checked_in_at: Timestamp | None = Field(description="When the visitor arrived.")
    ended_at: Timestamp | None = Field(description="When the visitor left.")
    report_due_at: Timestamp | None = Field(description="Until when it is to be reported.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class VisitPlanned(VisitState):
    """A visit was planned."""

    type: ClassVar[str] = "sales.visit-planned.v1"


class VisitChanged(VisitState):
    """A visit was planned anew, submitted, sent back, ended, or its checklist ticked."""

    type: ClassVar[str] = "sales.visit-changed.v1"


class VisitApproved(VisitState):
    """The superior consented to the plan of a visit."""

    type: ClassVar[str] = "sales.visit-approved.v1"


class VisitCheckedIn(VisitState):
    """The visitor arrived at the customer's."""

    type: ClassVar[str] = "sales.visit-checked-in.v1"

    latitude: float | None = Field(description="Where: degrees north (WGS 84).")
    longitude: float | None = Field(description="Where: degrees east (WGS 84).")
    accuracy_m: float | None = Field(description="How exactly that is known, in metres.")


class VisitReported(VisitState):
    """A visit was reported; the head of the department should read it."""

    type: ClassVar[str] = "sales.visit-reported.v1"

    activity_id: UUID | None = Field(description="The activity that was recorded with it.")
    follow_up_task_id: UUID | None = Field(description="The task a refusal gave rise to.")
    minutes: int | None = Field(description="How long it really took, in minutes.")
    listened_minutes: int | None = Field(description="Minutes listening.")
    asked_minutes: int | None = Field(description="Minutes asking.")
    presented_minutes: int | None = Field(description="Minutes presenting.")
    travel_minutes: int | None = Field(description="Minutes of travel.")
    cost: Money | None = Field(description="What it cost us.")
    phase: str | None = Field(
        description="How far the talk came: opening, inquiry, proposal or next_step."
    )
    behaviour_stage: int | None = Field(description="Stage of behaviour that was seen, 1 to 4.")
    potential_buyer: bool | None = Field(description="Whether the person may buy.")
    next_need_on: date | None = Field(description="Business day the next need is expected.")
    next_need_quantity: DecimalText | None = Field(description="How much will be needed then.")
    proposed: str | None = Field(
        description="What was put forward: nothing, proposal, quote or contract."
    )
    refusal_degree: str | None = Field(description="How the customer refused: firm or not_firm.")
    refusal_reason: str | None = Field(
        description="Why the customer refused: cannot_afford or does_not_want."
    )
    next_step: str | None = Field(description="What comes next.")
    next_step_on: date | None = Field(description="Business day it should happen.")


class VisitClosed(VisitState):
    """All duties after a visit are done; this is final."""

    type: ClassVar[str] = "sales.visit-closed.v1"


class VisitCancelled(VisitState):
    """A visit was called off; this is final."""

    type: ClassVar[str] = "sales.visit-cancelled.v1"


class VisitReminded(VisitState):
    """Somebody should be reminded of a visit; told once for each occasion."""

    type: ClassVar[str] = "sales.visit-reminded.v1"

    occasion: str = Field(
        description="Why: starts_soon, or report_overdue; more occasions may come."
    )


class CustomerCallingStopped(Event):
    """A customer refused firmly on a visit: nobody should call on it any more of our own accord."""

    type: ClassVar[str] = "sales.customer-calling-stopped.v1"
    key: ClassVar[str] = "visit_id"

    visit_id: UUID = Field(description="The visit on which the customer refused.")
    customer_id: UUID = Field(description="The customer.")
    refusal_reason: str | None = Field(
        description="The true reason: cannot_afford or does_not_want."
    )
    employee_id: UUID | None = Field(description="The employee who was there.")


class QuoteCreated(Event):
    """A quote was made from the product lines of an opportunity."""

    type: ClassVar[str] = "sales.quote-created.v1"
    key: ClassVar[str] = "quote_id"

    quote_id: UUID = Field(description="The quote.")
    number: str = Field(description="Document number, such as QUO-2026-000123.")
    opportunity_id: UUID = Field(description="The opportunity whose lines it took over.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who made it.")
    lines: list[DocumentLine] = Field(description="Every product line, in order.")
    total: Money = Field(description="Sum of the lines.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day the quote holds.")


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


class QuoteFact(Event):
    """A quote after a step of its life."""

    key: ClassVar[str] = "quote_id"

    quote_id: UUID = Field(description="The quote; every version has an id of its own.")
    number: str = Field(description="Document number, such as QUO-2026-000123-2.")
    revision: int = Field(description="Counts the versions of the offer, from 1.")
    state: str = Field(
        description="Draft, in_approval, approved, sent, accepted, rejected, expired or "
        "superseded; may grow."
    )
    opportunity_id: UUID | None = Field(description="The opportunity it is for.")
    price_list_id: UUID | None = Field(description="The price list it was made from.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    lines: list[DocumentLine] = Field(description="Every product line, in order.")
    discount_percent: DecimalText = Field(description="Given off the sum of the lines, percent.")
    total: Money = Field(description="Sum of the lines less the discount.")
    quoted_on: date = Field(description="Business day of the quote.")
    expires_on: date | None = Field(description="Last business day the quote holds.")
    sent_on: date | None = Field(description="Business day it went to the customer.")
    closed_on: date | None = Field(description="Business day of the answer, or of its expiry.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class QuoteDrafted(QuoteFact):
    """A quote without an opportunity was drafted: from a price list, or free."""

    type: ClassVar[str] = "sales.quote-drafted.v1"


class QuoteChanged(QuoteFact):
    """A quote was changed, submitted, approved, handed over, or gave way to a new version."""

    type: ClassVar[str] = "sales.quote-changed.v1"


class QuoteSent(QuoteFact):
    """A quote went to the customer; from now on it is fixed."""

    type: ClassVar[str] = "sales.quote-sent.v1"


class QuoteAccepted(QuoteFact):
    """The customer said yes to a quote."""

    type: ClassVar[str] = "sales.quote-accepted.v1"


class QuoteRejected(QuoteFact):
    """The customer said no to a quote."""

    type: ClassVar[str] = "sales.quote-rejected.v1"


class QuoteExpired(QuoteFact):
    """The last day of a quote was over before the customer said anything."""

    type: ClassVar[str] = "sales.quote-expired.v1"


class PriceListState(Event):
    """A price list after the change, without its prices."""

    key: ClassVar[str] = "price_list_id"

    price_list_id: UUID = Field(description="The price list.")
    number: str = Field(description="Document number, such as PRICE-2026-000001.")
    name: str = Field(description="Name.")
    audience: str = Field(
        description="Customer, segment, tier (value grade), class or everybody; may grow."
    )
    customer_id: UUID | None = Field(description="The customer it is for.")
    segment_id: UUID | None = Field(description="The segment it is for.")
    audience_code: str | None = Field(description="The value grade, or scheme/class, it is for.")
    currency: str = Field(description="Currency code, ISO 4217.")
    tax_included: bool = Field(description="Whether its prices contain the tax.")
    starts_on: date = Field(description="First business day it holds.")
    ends_on: date | None = Field(description="Last business day it holds.")
    owner_id: UUID | None = Field(description="The employee who looks after it.")
    state: str = Field(description="Draft, in_approval or approved; only an approved one answers.")
    line_count: int = Field(description="How many prices it holds.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class PriceListCreated(PriceListState):
    """A price list was entered, as a draft."""

    type: ClassVar[str] = "sales.price-list-created.v1"


class PriceListChanged(PriceListState):
    """A price list was changed, priced, submitted or un-approved."""

    type: ClassVar[str] = "sales.price-list-changed.v1"


class PriceListApproved(PriceListState):
    """A price list was approved: its prices hold while it is valid."""

    type: ClassVar[str] = "sales.price-list-approved.v1"


class ApprovalState(Event):
    """A document on its way through the levels of its approval, after a step."""

    key: ClassVar[str] = "approval_id"

    approval_id: UUID = Field(description="The approval; each submission has its own.")
    kind: str = Field(description="Kind of document: price_list, quote; may grow.")
    document_id: UUID = Field(description="The document.")
    document_number: str = Field(description="The document's number.")
    state: str = Field(description="Waiting, approved, rejected, withdrawn or revoked; may grow.")
    levels: int = Field(description="How many levels are asked; none: approved at once.")
    position: int = Field(description="The level that decides, or decided last, from 1.")
    level_name: str | None = Field(description="Name of the level that decides.")
    waiting_employee_id: UUID | None = Field(description="The employee it waits for.")
    waiting_role: str | None = Field(description="The role it waits for.")
    amount: Money | None = Field(description="What the document is about.")
    discount_percent: DecimalText | None = Field(description="Its discount, percent.")
    submitted_by_id: UUID | None = Field(description="The employee who submitted it.")


class ApprovalRequested(ApprovalState):
    """A document was submitted for approval."""

    type: ClassVar[str] = "sales.approval-requested.v1"


class ApprovalDecided(ApprovalState):
    """One step was taken: agreed to, given back, taken back, or un-approved."""

    type: ClassVar[str] = "sales.approval-decided.v1"

    decision: str = Field(description="Approve, reject, withdraw or revoke; may grow.")
    decided_by_id: UUID | None = Field(description="The employee who decided.")


class SalesErasureAcknowledged(ErasureAcknowledgement):
    """Sales has erased the persons."""

    type: ClassVar[str] = "sales.sales-erasure-acknowledged.v1"


EVENTS: tuple[type[Event], ...] = (
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
    OpportunityPooled,
    OpportunityTakenUp,
    OpportunityWon,
    OpportunityLost,
    ActivityRecorded,
    TaskCreated,
    TaskAssigned,
    TaskCompleted,
    TaskChanged,
    TaskDue,
    TaskReminded,
    TaskCancelled,
    VisitPlanned,
    VisitChanged,
    VisitApproved,
    VisitCheckedIn,
    VisitReported,
    VisitClosed,
    VisitCancelled,
    VisitReminded,
    CustomerCallingStopped,
    QuoteCreated,
    TargetSet,
    TargetChanged,
    ForecastCalled,
    QuoteDrafted,
    QuoteChanged,
    QuoteSent,
    QuoteAccepted,
    QuoteRejected,
    QuoteExpired,
    PriceListCreated,
    PriceListChanged,
    PriceListApproved,
    ApprovalRequested,
    ApprovalDecided,
    SalesErasureAcknowledged,
)
