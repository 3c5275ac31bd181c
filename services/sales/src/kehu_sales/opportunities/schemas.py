"""Opportunities on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.amounts import POSITIVE, PriceInput, Written, digits
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, shown
from kehu_sales.lines import LineRead
from kehu_sales.lists import unlike
from kehu_sales.methods.stages import BuyingRole, Kind
from kehu_sales.opportunities.committee import Influence, Member
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import (
    Confirmation,
    Interest,
    NeedKind,
    ReporterRole,
    Result,
    Status,
)

ID = "019364c2-7d5e-7000-8000-00000000000"
ON = "Business day; today if omitted, never in the future, never before the step before."

Quantity = Annotated[
    Decimal, Field(gt=0, max_digits=14, decimal_places=4), Written(POSITIVE + digits(10, 4))
]


class LineInput(Input):
    """One product line of interest."""

    product_id: UUID = Field(description="The product.")
    quantity: Quantity = Field(description="Quantity, in units of the product; more than nothing.")
    unit_price: PriceInput | None = Field(
        None,
        description="Price of one unit, which a quote keeps; if omitted the product's list price, "
        "and a quote asks for the customer's.",
    )


Lines = Annotated[list[LineInput], Field(max_length=200)]


class MemberInput(Input):
    """A contact with a part in the purchase."""

    contact_id: UUID = Field(description="The contact.")
    role: BuyingRole = Field(description="The part the contact plays.")
    influence: Influence | None = Field(None, description="How much the contact has to say.")

    def member(self) -> Member:
        """Return the member that was described."""
        return Member(self.contact_id, self.role, self.influence)


Committee = Annotated[list[MemberInput], Field(max_length=50), unlike("contact_id", "role")]


class OpportunityCreate(Input):
    """A new opportunity; it is not evaluated yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "华强集团工作站更新",
                    "customer_id": f"{ID}1",
                    "owner_id": f"{ID}2",
                    "source": "referral",
                    "interest": "high",
                    "need": "三季度更换 40 台设计工作站",
                    "expected_close_on": "2027-03-31",
                    "lines": [{"product_id": f"{ID}3", "quantity": "40"}],
                }
            ]
        },
    )

    topic: Text = Field(description="What it is about, in a few words.")
    customer_id: UUID | None = Field(None, description="The customer; needed to win.")
    contact_id: UUID | None = Field(None, description="The contact at the customer.")
    owner_id: UUID | None = Field(None, description="The employee who works on it.")
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )
    source: Text | None = Field(None, description="Where the opportunity came from.")
    lead_id: UUID | None = Field(None, description="The lead it was converted from.")
    external_ref: Text | None = Field(
        None, description="Key of the opportunity in another system, unique if given."
    )
    interest: Interest | None = Field(None, description="How interested the customer is.")
    need: LongText | None = Field(None, description="What the customer needs.")
    expected_close_on: Day | None = Field(None, description="Day a decision is expected.")
    method_id: UUID | None = Field(None, description="Sales method; the default if omitted.")
    lines: Lines = Field(default_factory=list, description="Products of interest.")
    expected_revenue: PriceInput | None = Field(
        None, description="Only without lines: with lines, their sum is expected."
    )
    opened_on: Day | None = Field(
        None, description="Business day it was opened; today if omitted, never in the future."
    )
    reported_by_id: UUID | None = Field(
        None, description="The employee who reported it; the caller's employee if omitted."
    )
    reporter_role: ReporterRole | None = Field(None, description="What that employee does.")
    need_kind: NeedKind | None = Field(
        None, description="Whether the customer voiced the need by a formal request."
    )
    competitor: Text | None = Field(None, description="The competitor we meet, if any is known.")
    competitor_id: UUID | None = Field(None, description="The competitor's file, if there is one.")
    buying_committee: Committee = Field(
        default_factory=list, description="The contacts with a part in the purchase."
    )
    assign: Flag = Field(
        False,
        description="Have the rules of assignment find an owner, if none is named; who was "
        "considered is kept with its `assignments`.",
    )

    def members(self) -> tuple[Member, ...]:
        """Return the buying committee that was described."""
        return tuple(one.member() for one in self.buying_committee)


class OpportunityUpdate(Patch):
    """Changes to potential information; fields left out stay. `lines` replaces all lines."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "expected_close_on": "2027-04-30",
                    "lines": [
                        {
                            "product_id": f"{ID}3",
                            "quantity": "45",
                            "unit_price": {"amount": "4600.00", "currency": "CNY"},
                        }
                    ],
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"topic", "lines", "expected_revenue", "buying_committee"}
    )

    topic: Text | None = Field(None, description="What it is about, in a few words.")
    customer_id: UUID | None = Field(None, description="The customer; needed to win.")
    contact_id: UUID | None = Field(None, description="The contact at the customer.")
    owner_id: UUID | None = Field(None, description="The employee who works on it.")
    department_id: UUID | None = Field(
        None, description="The owner's department; where the owner works if omitted."
    )
    source: Text | None = Field(None, description="Where the opportunity came from.")
    interest: Interest | None = Field(None, description="How interested the customer is.")
    need: LongText | None = Field(None, description="What the customer needs.")
    expected_close_on: Day | None = Field(None, description="Day a decision is expected.")
    lines: Lines | None = Field(
        None, description="Products of interest; an empty list leaves the revenue as it is."
    )
    expected_revenue: PriceInput | None = Field(
        None, description="Only without lines: with lines, their sum is expected."
    )
    need_kind: NeedKind | None = Field(
        None, description="Whether the customer voiced the need by a formal request."
    )
    competitor: Text | None = Field(None, description="The competitor we meet, if any is known.")
    competitor_id: UUID | None = Field(None, description="The competitor's file, if there is one.")
    need_confirmed_on: Day | None = Field(
        None, description="Day the need was confirmed with the customer; never in the future."
    )
    feasibility_passed_on: Day | None = Field(
        None, description="Day the assessment found it feasible and worth it; not in the future."
    )
    solution_accepted_on: Day | None = Field(
        None, description="Day the customer accepted our solution; never in the future."
    )
    buying_committee: Committee | None = Field(
        None, description="The contacts with a part in the purchase; replaces all of them."
    )

    def members(self) -> tuple[Member, ...]:
        """Return the buying committee that was described."""
        return tuple(one.member() for one in self.buying_committee or ())


class OpportunitySubmission(Input):
    """Submit an opportunity to an evaluator."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"evaluator_id": f"{ID}4"}]})

    evaluator_id: UUID = Field(description="The employee who is to decide.")
    on: Day | None = Field(None, description=ON)


class OpportunityEvaluation(Input):
    """Decide on an opportunity."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"result": "pass", "comment": "需求明确，预算已落实"}]}
    )

    result: Result = Field(
        description="`pass`: go ahead, in the first stage; `pass_to_next`: another decides next; "
        "`reject`: back to the submitter; `fail`: no, it can only be kept in the reserve pool."
    )
    next_evaluator_id: UUID | None = Field(
        None, description="The employee who decides next; with `pass_to_next` only."
    )
    comment: LongText | None = Field(None, description="Why.")
    on: Day | None = Field(None, description=ON)


class OpportunityPromotion(Input):
    """Promote an opportunity to the next stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2026-11-20"}]})

    on: Day | None = Field(None, description=ON)
    to_stage: Text | None = Field(
        None,
        description="Code of a later stage; the next one if omitted. Stages that are skipped must "
        "meet their conditions too.",
    )
    confirm_reminders: Flag = Field(
        False, description="Promote although conditions that only remind are not met."
    )
    override_reason: LongText | None = Field(
        None,
        description="Why to promote although conditions, strict ones too, are unmet. Needs the "
        "scope `sales:opportunities:override`; kept in the history of stages.",
    )


class OpportunityWin(Input):
    """Win an opportunity."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "closed_on": "2026-11-20",
                    "reason": "方案优于竞争对手，服务响应快",
                    "amount": {"amount": "184000.00", "currency": "CNY"},
                }
            ]
        }
    )

    closed_on: Day = Field(description="Business day it was won, never in the future.")
    reason: LongText = Field(description="Why it was won.")
    reason_code: Text | None = Field(
        None, description="The reason's code in the tenant's list of reasons (close-reasons)."
    )
    amount: PriceInput | None = Field(
        None,
        description="The amount that was really agreed. If omitted: that of its contracts in "
        "force, else of the quote accepted, last sent or approved, else the expected revenue.",
    )
    confirm_reminders: Flag = Field(
        False, description="Win although conditions that only remind are not met."
    )
    override_reason: LongText | None = Field(
        None,
        description="Why to win although conditions of the stage, strict ones too, are unmet. "
        "Needs the scope `sales:opportunities:override`; kept in the event, the audit log, and "
        "with the closing stage if there is one.",
    )


class OpportunityLoss(Input):
    """Lose an opportunity."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"closed_on": "2026-11-20", "reason": "价格过高", "competitor": "神州数码"},
                {"closed_on": "2026-11-20", "reason": "预算取消", "competitor_unknown": True},
            ]
        }
    )

    closed_on: Day = Field(description="Business day it was lost, never in the future.")
    reason: LongText = Field(description="Why it was lost.")
    reason_code: Text | None = Field(
        None, description="The reason's code in the tenant's list of reasons (close-reasons)."
    )
    competitor: Text | None = Field(
        None, description="Who won it; the competitor named before if omitted."
    )
    competitor_id: UUID | None = Field(None, description="The competitor's file, if there is one.")
    competitor_unknown: Flag = Field(
        False, description="Say so if no competitor is known; without any, this is needed."
    )


class OpportunityRead(BaseModel):
    """An opportunity as it stands."""

    id: UUID = Field(description="The opportunity's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as OPP-2026-000123.")
    topic: str = Field(description="What it is about, in a few words.")
    customer_id: UUID | None = Field(description="The customer.")
    contact_id: UUID | None = Field(description="The contact at the customer.")
    owner_id: UUID | None = Field(description="The employee who works on it.")
    department_id: UUID | None = Field(description="The owner's department.")
    source: str | None = Field(description="Where the opportunity came from.")
    lead_id: UUID | None = Field(description="The lead it was converted from.")
    external_ref: str | None = Field(description="Key of the opportunity in another system.")
    interest: OrLater[Interest] | None = Field(description="How interested the customer is.")
    need: str | None = Field(description="What the customer needs.")
    expected_close_on: date | None = Field(description="Day a decision is expected.")
    method_id: UUID = Field(description="The sales method it follows.")
    status: OrLater[Status] = Field(description="Where it stands.")
    evaluator_id: UUID | None = Field(description="Who is to decide; only while in evaluation.")
    stage_code: str | None = Field(description="Stage of the method; none before it passed.")
    stage_name: str | None = Field(description="Name of the stage.")
    stage_position: int | None = Field(description="Place of the stage in the method, from 1.")
    success_rate: int | None = Field(description="Chance of winning, in percent.")
    stage_entered_on: date | None = Field(description="Day the stage was entered.")
    expected_revenue: Money = Field(description="Sum of the lines; typed in without lines.")
    lines: list[LineRead] = Field(description="Every product line, in order.")
    opened_on: date = Field(description="Day it was opened.")
    closed_on: date | None = Field(description="Day it was won or lost.")
    close_reason: str | None = Field(description="Why it was won or lost.")
    close_reason_code: str | None = Field(description="Why, by the tenant's list of reasons.")
    closed_by: str | None = Field(
        description="Token subject of who won or lost it; null before 27 November 2026."
    )
    won_amount: Money | None = Field(description="The amount that was really agreed.")
    kind: OrLater[Kind] = Field(
        description="Which of the five kinds it is: potential, effective, feasible, target, "
        "successful. Follows from all the rest."
    )
    method_version: int = Field(
        description="Version of the method's stages it follows since it passed its evaluation."
    )
    stage_kind: OrLater[Kind] | None = Field(description="What its stage stands for.")
    stage_due_on: date | None = Field(description="Day it should leave the stage by.")
    reported_by_id: UUID | None = Field(description="The employee who reported it.")
    reporter_role: OrLater[ReporterRole] | None = Field(description="What that employee does.")
    need_kind: OrLater[NeedKind] | None = Field(
        description="Whether the need was formally requested."
    )
    competitor: str | None = Field(description="The competitor; of a lost one, who won it.")
    competitor_id: UUID | None = Field(description="The competitor's file.")
    need_confirmed_on: date | None = Field(description="Day the customer confirmed the need.")
    feasibility_passed_on: date | None = Field(description="Day it was found feasible.")
    solution_accepted_on: date | None = Field(description="Day the customer took our solution.")
    confirmed_on: date | None = Field(description="Day it was confirmed as effective.")
    confirmation: OrLater[Confirmation] | None = Field(description="By what it was confirmed.")
    confirmation_template_id: UUID | None = Field(description="The template it matched.")
    confirmation_answers: dict[str, str] | None = Field(
        description="Answers to the template's questions, by code."
    )
    level: str | None = Field(description="Level of its grade, by the grading scheme.")
    level_score: DecimalText | None = Field(
        description="Score of its grade, 0 to 100; null where a direct rule decided without."
    )
    level_since_on: date | None = Field(description="Day it came to be of this level.")
    handle_by_on: date | None = Field(description="Last day of the level's handling time limit.")
    buying_committee: list["MemberRead"] = Field(description="Contacts with a part in it.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, opportunity: Opportunity) -> Self:
        """Return the opportunity as the API shows it."""
        return shown(
            cls,
            opportunity,
            kind=opportunity.kind,
            buying_committee=[MemberRead.of(one) for one in opportunity.buying_committee],
            expected_revenue=opportunity.revenue,
            won_amount=opportunity.agreed,
            lines=[LineRead.of(line, opportunity.currency) for line in opportunity.lines],
        )


class MemberRead(BaseModel):
    """A contact with a part in the purchase."""

    contact_id: UUID = Field(description="The contact.")
    role: OrLater[BuyingRole] = Field(description="The part the contact plays.")
    influence: OrLater[Influence] | None = Field(description="How much the contact has to say.")

    @classmethod
    def of(cls, member: Member) -> Self:
        """Return the member as the API shows it."""
        return cls(contact_id=member.contact_id, role=member.role, influence=member.influence)


class OpportunityFilters(PageParams):
    """Filters of the opportunity list; all must match."""

    status: list[Status] = Field(default_factory=list, description="One of these states.")
    stage_code: str | None = Field(None, description="In the stage with this code.")
    owner_id: UUID | None = Field(None, description="Worked on by this employee.")
    department_id: UUID | None = Field(None, description="Worked on in this department.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    product_id: UUID | None = Field(None, description="With a line of this product.")
    method_id: UUID | None = Field(None, description="Following this sales method.")
    method_version: int | None = Field(
        None, description="Following this version of the method's stages."
    )
    overdue: bool | None = Field(
        None, description="In its stage longer than planned, by today; or not."
    )
    level: str | None = Field(None, description="Of this level of the grading scheme.")
    handling_overdue: bool | None = Field(
        None, description="Past the handling time limit of its level, by today; or not."
    )
    reported_by_id: UUID | None = Field(None, description="Reported by this employee.")
    evaluator_id: UUID | None = Field(
        None, description="In evaluation, and waiting for the decision of this employee."
    )
    kind: list[Kind] = Field(
        default_factory=list,
        description="Of one of the five kinds: potential, effective, feasible, target, successful.",
    )
    competitor_id: UUID | None = Field(
        None, description="Naming this competitor, by its file, as the one we meet or lost to."
    )
    lead_id: UUID | None = Field(None, description="Converted from this lead.")
    number: str | None = Field(None, description="With exactly this number.")
    external_ref: str | None = Field(None, description="With exactly this external reference.")
    q: str | None = Field(None, min_length=1, max_length=100, description="Topic contains this.")
    expected_close_from: Day | None = Field(None, description="Expected to close then or later.")
    expected_close_to: Day | None = Field(None, description="Expected to close then or earlier.")
    sort: Literal[
        "created_at",
        "-created_at",
        "number",
        "-number",
        "expected_close_on",
        "-expected_close_on",
        "expected_revenue",
        "-expected_revenue",
        "level",
        "-level",
    ] = Field("-created_at", description="Order; a leading minus reverses it.")
