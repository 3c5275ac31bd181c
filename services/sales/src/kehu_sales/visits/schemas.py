"""Visits on the wire: the plan, and what is read."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import DecimalText, OrLater
from kehu_contracts.money import Money
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, Patch, Text, Whole, shown
from kehu_sales.calendar.clashes import Clash
from kehu_sales.lists import Once
from kehu_sales.moments import Moment
from kehu_sales.tasks.schemas import RecurrenceInput, RecurrenceRead
from kehu_sales.visits.advice import Advice
from kehu_sales.visits.models import (
    Host,
    Mode,
    Phase,
    Proposed,
    RefusalDegree,
    RefusalReason,
    Visit,
    VisitStatus,
)
from kehu_sales.visits.report_schemas import Assessment, Commitment, Proposal

ID = "019364c2-7d5e-7000-8000-00000000000"
Minutes = Annotated[Whole, Field(ge=0, le=10_080)]
People = Annotated[list[UUID], Field(max_length=50), Once]
PURPOSE = "What the visit is for."
VALUE = "What the customer gets from it; said in the opening."
CONTACTS = "Contacts who are met."
MODE = "`appointment` by phone, or `unannounced`."
HOST = "Whom it is with: `large_company` (a manager or owner), `individual`, `shop`, `other`."
STARTS = "Planned start."
ENDS = "Planned end; after the start."
PLACE = "Where it takes place."
CITY = "City; visits of a day are counted by city."
TRIP = "Whether it is a business trip: then the superior has to consent, for most types."
OWNER = "The employee who visits; the caller if omitted and the caller is an employee."
DEPARTMENT = (
    "The department of the employee, where the employee works if omitted; its head is told of the "
    "report."
)
OBSERVERS = "Employees who come along."
REMIND = "Minutes before the start when a reminder is told; none if omitted."
RECURRENCE = (
    "How it recurs, from the day it starts on: further visits are planned some days ahead, each of "
    "its own."
)
FOLLOWING = "True: all that follow in the series too, also those that are yet to be planned."
REFUSE_CLASHES = "True: refuse with 409 if the people have something else to do at that time."


class VisitCreate(Input):
    """A plan of a visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "new_customer",
                    "customer_id": f"{ID}1",
                    "purpose": "了解现有工作站的使用情况",
                    "customer_value": "提出针对性的更新方案",
                    "mode": "appointment",
                    "host": "large_company",
                    "starts_at": "2026-11-25T09:30:00+08:00",
                    "ends_at": "2026-11-25T10:15:00+08:00",
                    "city": "苏州",
                    "owner_id": f"{ID}2",
                }
            ]
        },
    )

    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")] = Field(
        description="Code of the type of visit, of the visit policy."
    )
    customer_id: UUID | None = Field(
        None, description="The customer; the opportunity's if omitted."
    )
    opportunity_id: UUID | None = Field(None, description="The opportunity it belongs to.")
    contact_ids: People = Field(default_factory=list, description=CONTACTS)
    purpose: Text = Field(description=PURPOSE)
    customer_value: Text | None = Field(None, description=VALUE)
    mode: Mode = Field(Mode.APPOINTMENT, description=MODE)
    host: Host = Field(Host.OTHER, description=HOST)
    starts_at: Moment = Field(description=STARTS)
    ends_at: Moment = Field(description=ENDS)
    place: Text | None = Field(None, description=PLACE)
    city: Text | None = Field(None, description=CITY)
    business_trip: Flag = Field(False, description=TRIP)
    owner_id: UUID | None = Field(None, description=OWNER)
    department_id: UUID | None = Field(None, description=DEPARTMENT)
    observer_ids: People = Field(default_factory=list, description=OBSERVERS)
    remind_minutes: Minutes | None = Field(None, description=REMIND)
    recurrence: RecurrenceInput | None = Field(None, description=RECURRENCE)
    refuse_clashes: Flag = Field(False, description=REFUSE_CLASHES)


class VisitUpdate(Patch):
    """Changes to the plan of a visit that has not begun; fields left out stay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "starts_at": "2026-11-26T09:30:00+08:00",
                    "ends_at": "2026-11-26T10:15:00+08:00",
                    "refuse_clashes": True,
                }
            ]
        }
    )
    never_null: ClassVar[frozenset[str]] = frozenset(
        {
            "contact_ids", "purpose", "mode", "host", "starts_at", "ends_at", "business_trip",
            "observer_ids", "refuse_clashes", "following",
        }
    )  # fmt: skip

    contact_ids: People | None = Field(None, description=CONTACTS)
    purpose: Text | None = Field(None, description=PURPOSE)
    customer_value: Text | None = Field(None, description=VALUE)
    mode: Mode | None = Field(None, description=MODE)
    host: Host | None = Field(None, description=HOST)
    starts_at: Moment | None = Field(None, description=STARTS)
    ends_at: Moment | None = Field(None, description=ENDS)
    place: Text | None = Field(None, description=PLACE)
    city: Text | None = Field(None, description=CITY)
    business_trip: Flag | None = Field(None, description=TRIP)
    owner_id: UUID | None = Field(None, description="The employee who visits.")
    department_id: UUID | None = Field(None, description=DEPARTMENT)
    observer_ids: People | None = Field(None, description=OBSERVERS)
    remind_minutes: Minutes | None = Field(None, description=REMIND)
    refuse_clashes: Flag | None = Field(None, description=REFUSE_CLASHES)
    following: Flag | None = Field(None, description=FOLLOWING)


class CheckedItem(BaseModel):
    """One item of the visit's checklist."""

    code: str = Field(description="Code.")
    group: str = Field(description="Group, such as preparation or three_must_discuss.")
    text_zh: str = Field(description="What to do, in Chinese.")
    text_en: str = Field(description="What to do, in English.")
    required: bool = Field(description="Whether the visit cannot be closed before it is ticked.")
    ticked: bool = Field(description="Whether it is done.")


class VisitRead(BaseModel):
    """A visit as it stands."""

    id: UUID = Field(description="The visit's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    number: str = Field(description="Document number, such as VIS-2026-000123.")
    type: str = Field(description="Code of the type of visit.")
    status: OrLater[VisitStatus] = Field(description="How far it is.")
    customer_id: UUID = Field(description="The customer.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    series_id: UUID | None = Field(description="What repeats have in common, if it recurs.")
    series_day: date | None = Field(description="The day of the series it was planned for.")
    contact_ids: list[UUID] = Field(description=CONTACTS)
    purpose: str = Field(description=PURPOSE)
    customer_value: str | None = Field(description=VALUE)
    mode: OrLater[Mode] = Field(description=MODE)
    host: OrLater[Host] = Field(description=HOST)
    starts_at: datetime = Field(description=STARTS)
    ends_at: datetime = Field(description=ENDS)
    place: str | None = Field(description=PLACE)
    city: str | None = Field(description=CITY)
    business_trip: bool = Field(description=TRIP)
    owner_id: UUID | None = Field(description="The employee who visits.")
    department_id: UUID | None = Field(description=DEPARTMENT)
    observer_ids: list[UUID] = Field(description=OBSERVERS)
    remind_minutes: int | None = Field(description=REMIND)
    approval_needed: bool = Field(description="Whether the superior has to consent to the plan.")
    planned_by: str | None = Field(
        description="Who planned it: a token subject; null for older visits."
    )
    submitted_by: str | None = Field(description="Who asked for consent last: a token subject.")
    approver_id: UUID | None = Field(
        description="The superior who was asked to consent: the manager of who visits."
    )
    decided_by: str | None = Field(description="Who decided on the plan.")
    decided_at: datetime | None = Field(description="When that was.")
    decision_note: str | None = Field(description="What was said about it.")
    checklist: list[CheckedItem] = Field(description="Every item, in order.")
    checked_in_at: datetime | None = Field(description="When the visitor arrived.")
    latitude: float | None = Field(description="Where that was: degrees north.")
    longitude: float | None = Field(description="Where that was: degrees east.")
    accuracy_m: float | None = Field(description="How exactly that is known, in metres.")
    ended_at: datetime | None = Field(description="When the visitor left.")
    held_by_id: UUID | None = Field(
        description="Who was there, if it was handed over before the report."
    )
    minutes: int | None = Field(description="How long it really took, in minutes.")
    superior_told_at: datetime | None = Field(description="When the superior last heard of it.")
    report_due_at: datetime | None = Field(description="Until when it is to be reported.")
    reported_at: datetime | None = Field(description="When it was reported.")
    summary: str | None = Field(description="What was said and agreed.")
    introduction_minutes: int | None = Field(description="Minutes of oral introduction.")
    listened_minutes: int | None = Field(description="Minutes listening.")
    asked_minutes: int | None = Field(description="Minutes asking.")
    presented_minutes: int | None = Field(description="Minutes presenting.")
    phase: OrLater[Phase] | None = Field(description="How far the talk came.")
    behaviour_stage: int | None = Field(description="Stage of behaviour that was seen, 1 to 4.")
    potential_buyer: bool | None = Field(description="Whether the person may buy.")
    needs: str | None = Field(description="Needs that were found.")
    next_need_on: date | None = Field(description="When the next need is expected.")
    next_need_quantity: DecimalText | None = Field(description="How much will be needed then.")
    proposed: OrLater[Proposed] | None = Field(description="What was put before the customer.")
    proposals: list[Proposal] | None = Field(description="Feature, benefit and evidence of each.")
    commitments: list[Commitment] | None = Field(description="What was promised.")
    market_assessment: Assessment | None = Field(description="What is known of the market now.")
    refusal_degree: OrLater[RefusalDegree] | None = Field(description="How the customer refused.")
    refusal_reason: OrLater[RefusalReason] | None = Field(description="Why the customer refused.")
    next_step: str | None = Field(description="What comes next.")
    next_step_on: date | None = Field(description="When that is.")
    travel_minutes: int | None = Field(description="Minutes of travel.")
    cost: Money | None = Field(description="What it cost us.")
    activity_id: UUID | None = Field(description="The activity that the report recorded.")
    follow_up_task_id: UUID | None = Field(description="The task a refusal gave rise to.")
    closed_at: datetime | None = Field(description="When it was closed.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, visit: Visit, **besides: object) -> Self:
        """Return the visit as the API shows it."""
        return shown(
            cls, visit, type=visit.type_code, minutes=visit.minutes, cost=visit.spent, **besides
        )


class VisitAdviceRead(BaseModel):
    """One piece of advice."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Code, such as first-visit-too-long.")
    en: str = Field(description="What is advised, in English.")
    zh: str = Field(description="What is advised, in Chinese.")


class ClashRead(BaseModel):
    """Something else that one of the people has to do at the time."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(
        description="What it is: `visit`, `task`, `leave`, or `busy` if the caller may not see it."
    )
    id: UUID | None = Field(description="Its id, of a visit or a task.")
    title: str | None = Field(description="What it is about, of a visit or a task.")
    employee_id: UUID | None = Field(description="Who is busy or on leave then.")
    starts_at: datetime = Field(description="When it starts.")
    ends_at: datetime = Field(description="When it ends.")


class PlannedVisit(BaseModel):
    """A visit that is planned all the same."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="Its id.")
    number: str = Field(description="Its number.")
    owner_id: UUID | None = Field(description="The employee who visits.")
    starts_at: datetime = Field(description=STARTS)


class VisitDetail(VisitRead):
    """A visit as it stands, with what the texts advise otherwise, and what it clashes with."""

    warnings: list[VisitAdviceRead] = Field(description="Advice; nothing is refused because of it.")
    recurrence: RecurrenceRead | None = Field(description="How it recurs, if it does.")
    clashes: list[ClashRead] = Field(
        description="What else its people have to do then, the first twenty; while it is to come."
    )
    still_planned: list[PlannedVisit] = Field(
        description="After a firm refusal: what is planned with the customer, the first twenty."
    )

    @classmethod
    def told(
        cls,
        visit: Visit,
        warnings: Sequence[Advice],
        clashes: Sequence[Clash],
        **besides: object,
    ) -> Self:
        """Return the visit as the API shows a single one."""
        return cls.of(visit, warnings=warnings, clashes=clashes, **besides)


class VisitFilters(PageParams):
    """Filters of the visit list; all must match."""

    status: list[VisitStatus] = Field(default_factory=list, description="One of these states.")
    type: str | None = Field(None, description="Of the type with this code.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    series_id: UUID | None = Field(None, description="Of this series of visits that recur.")
    owner_id: UUID | None = Field(None, description="By this employee.")
    observer_id: UUID | None = Field(None, description="This employee comes along.")
    approver_id: UUID | None = Field(
        None, description="This superior was asked to consent; with `status=in_approval` still is."
    )
    department_id: UUID | None = Field(None, description="Of this department.")
    business_trip: bool | None = Field(None, description="Business trips, or others.")
    missed: bool | None = Field(
        None, description="Those whose time has passed with nobody checked in, or others."
    )
    refusal_degree: RefusalDegree | None = Field(None, description="Refused in this way.")
    starts_from: Day | None = Field(None, description="Planned for then or later.")
    starts_to: Day | None = Field(None, description="Planned for then or earlier.")
    number: str | None = Field(None, description="With exactly this number.")
    sort: Literal["starts_at", "-starts_at", "created_at", "-created_at"] = Field(
        "-starts_at", description="Order; a leading minus reverses it."
    )


class ActivityLine(BaseModel):
    """A contact with the customer."""

    id: UUID = Field(description="The activity's id.")
    kind: str = Field(description="How it took place.")
    topic: str = Field(description="What it was about.")
    occurred_on: date = Field(description="Business day it took place.")
    employee_id: UUID | None = Field(description="Who did it.")


class SaleLine(BaseModel):
    """An opportunity that the customer decided for."""

    id: UUID = Field(description="The opportunity's id.")
    number: str = Field(description="Its number.")
    topic: str = Field(description="What it was about.")
    closed_on: date = Field(description="Business day it was won.")
    amount: Money = Field(description="What was agreed.")
    products: list[str] = Field(description="Products and quantities.")


class QuoteLine(BaseModel):
    """An offer to the customer."""

    id: UUID = Field(description="The quote's id.")
    number: str = Field(description="Its number.")
    quoted_on: date = Field(description="Business day of the quote.")
    total: Money = Field(description="Its sum.")


class Briefing(BaseModel):
    """What to take along: recent sales, offers and contacts, the newest first (L2552)."""

    customer_id: UUID = Field(description="The customer, the survivor if it was merged.")
    customer_name: str = Field(description="The customer's name.")
    sales: list[SaleLine] = Field(description="Opportunities that were won.")
    quotes: list[QuoteLine] = Field(description="Quotes.")
    activities: list[ActivityLine] = Field(description="Contacts.")


class BriefingFilters(BaseModel):
    """How much of it."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, ge=1, le=100, description="How many of each kind at most.")
