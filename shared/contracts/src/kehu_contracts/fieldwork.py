"""Facts of the sales service: activities, tasks and visits."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import DecimalText, Event, Timestamp
from kehu_contracts.money import Money

TaskStatus = Literal["open", "in_progress", "completed"]


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
    task_id: UUID | None = Field(
        None,
        description="The task it was done for.",
        json_schema_extra={"x-added-on": "2026-11-28"},
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
    project_id: UUID | None = Field(
        None,
        description="The project it belongs to; the stage is one of that project then.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    mandatory: bool | None = Field(
        None,
        description="Whether the stage of the project needs it done.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )
    percent: int | None = Field(
        None,
        description="How much of it is done.",
        json_schema_extra={"x-added-on": "2026-11-25"},
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
    project_id: UUID | None = Field(
        None,
        description="The project it belonged to.",
        json_schema_extra={"x-added-on": "2026-11-25"},
    )


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
    series_id: UUID | None = Field(
        None,
        description="What repeats have in common, if it recurs.",
        json_schema_extra={"x-added-on": "2026-11-26"},
    )
    approver_id: UUID | None = Field(
        None,
        description="The superior who was asked to consent to the plan.",
        json_schema_extra={"x-added-on": "2026-11-28"},
    )


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
        description="Why: starts_soon, report_overdue, not_held (its time has passed and nobody "
        "checked in) or not_finished (nobody left within a day); more occasions may come."
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


EVENTS: tuple[type[Event], ...] = (
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
)
