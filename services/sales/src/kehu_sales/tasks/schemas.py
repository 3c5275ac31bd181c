"""Tasks on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_contracts.base import OrLater
from kehu_kernel import business_day
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, Whole, shown
from kehu_sales.calendar.clashes import Clash
from kehu_sales.lists import Once
from kehu_sales.moments import Moment
from kehu_sales.tasks.errors import WeekdaysOfWeeks
from kehu_sales.tasks.models import Task, TaskStatus
from kehu_sales.tasks.recurrence import Frequency, Recurrence, Weekday

ID = "019364c2-7d5e-7000-8000-00000000000"
Minutes = Annotated[Whole, Field(ge=0, le=10_080)]
STARTS = "Planned start, to stand in the calendar; with an end."
ENDS = "Planned end; after the start."
REMIND = "Minutes before the start when a reminder is told; none if omitted."
PERCENT = "How much of it is done; completing it makes it 100."
REFUSE_CLASHES = "True: refuse with 409 if the assignee has something else to do at that time."


class RecurrenceInput(Input):
    """How a task or a visit repeats, from its due day or its start on."""

    frequency: Frequency = Field(description="Days, weeks, months or years.")
    interval: Whole = Field(1, ge=1, le=99, description="Every so many of them.")
    weekdays: Annotated[list[Weekday], Field(max_length=7), Once] = Field(
        default_factory=list, description="Days of the week; for `weekly` only."
    )
    until: Day | None = Field(None, description="Last business day, included; no end if omitted.")

    def recurrence(self, first: date) -> Recurrence:
        """Return the recurrence from a day on.

        Raises `PeriodReversed` if it is over before, `WeekdaysOfWeeks`.
        """
        business_day.period(first, self.until)
        if self.weekdays and self.frequency != Frequency.WEEKLY:
            raise WeekdaysOfWeeks
        return Recurrence(
            first=first,
            frequency=self.frequency,
            interval=self.interval,
            weekdays=tuple(self.weekdays),
            until=self.until,
        )


class RecurrenceRead(BaseModel):
    """How a task or a visit repeats."""

    first: date = Field(description="First business day.")
    frequency: OrLater[Frequency] = Field(description="Days, weeks, months or years.")
    interval: int = Field(description="Every so many of them.")
    weekdays: list[OrLater[Weekday]] = Field(description="Days of the week; of a weekly one.")
    until: date | None = Field(description="Last business day, included.")


class TaskCreate(Input):
    """A new task; with an assignee it is in progress at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "topic": "编写技术方案初稿",
                    "opportunity_id": f"{ID}5",
                    "assignee_id": f"{ID}2",
                    "due_on": "2026-12-05",
                }
            ]
        },
    )

    topic: Text = Field(description="What is to be done, in a few words.")
    content: LongText | None = Field(None, description="What is to be done, in full.")
    opportunity_id: UUID | None = Field(None, description="The opportunity it belongs to.")
    customer_id: UUID | None = Field(
        None, description="The customer it is for; the opportunity's if omitted."
    )
    project_id: UUID | None = Field(
        None, description="The project it belongs to; not together with an opportunity."
    )
    stage_code: Text | None = Field(
        None,
        description="The stage of the project it is for; the present one, or before the project is "
        "carried out the first one, if omitted.",
    )
    mandatory: Flag = Field(
        False, description="Whether the stage of the project needs it done before it is left."
    )
    assignee_id: UUID | None = Field(None, description="The employee who is to do it.")
    due_on: Day | None = Field(None, description="Business day it should be done by.")
    department_id: UUID | None = Field(None, description="The department of the assignee.")
    starts_at: Moment | None = Field(None, description=STARTS)
    ends_at: Moment | None = Field(None, description=ENDS)
    remind_minutes: Minutes | None = Field(None, description=REMIND)
    recurrence: RecurrenceInput | None = Field(None, description="If it repeats.")
    refuse_clashes: Flag = Field(False, description=REFUSE_CLASHES)


class TaskUpdate(Patch):
    """Changes to the plan of a task; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"due_on": "2026-12-08"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"topic", "percent", "refuse_clashes"})

    topic: Text | None = Field(None, description="What is to be done, in a few words.")
    content: LongText | None = Field(None, description="What is to be done, in full.")
    due_on: Day | None = Field(None, description="Business day it should be done by.")
    percent: Annotated[Whole, Field(ge=0, le=100)] | None = Field(None, description=PERCENT)
    starts_at: Moment | None = Field(None, description=STARTS)
    ends_at: Moment | None = Field(None, description=ENDS)
    remind_minutes: Minutes | None = Field(None, description=REMIND)
    refuse_clashes: Flag | None = Field(None, description=REFUSE_CLASHES)


class TaskCancellation(Input):
    """Call a task off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "客户已自行解决"}]})

    reason: Text = Field(description="Why.")
    end_series: Flag = Field(
        False, description="True: of a task that repeats, no further one is made."
    )


class TaskAssignment(Input):
    """Give a task to an employee."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"assignee_id": f"{ID}2"}]})

    assignee_id: UUID = Field(description="The employee who is to do it.")


class TaskCompletion(Input):
    """Complete a task, with its actual start and end."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"started_on": "2026-11-18", "finished_on": "2026-11-20"}]}
    )

    started_on: Day = Field(description="Business day work really began.")
    finished_on: Day = Field(
        description="Business day work really ended; not before the start, never in the future."
    )


class TaskRead(BaseModel):
    """A task as it stands."""

    id: UUID = Field(description="The task's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    topic: str = Field(description="What is to be done, in a few words.")
    content: str | None = Field(description="What is to be done, in full.")
    opportunity_id: UUID | None = Field(description="The opportunity it belongs to.")
    project_id: UUID | None = Field(description="The project it belongs to.")
    stage_code: str | None = Field(
        description="Stage the opportunity was in on creation; of a project, the stage it is for."
    )
    mandatory: bool = Field(description="Whether the stage of the project needs it done.")
    percent: int = Field(description=PERCENT)
    customer_id: UUID | None = Field(description="The customer it is for.")
    assignee_id: UUID | None = Field(description="The employee who is to do it.")
    status: OrLater[TaskStatus] = Field(description="How far it is.")
    due_on: date | None = Field(description="Business day it should be done by.")
    started_on: date | None = Field(description="Business day work really began.")
    finished_on: date | None = Field(description="Business day work really ended.")
    department_id: UUID | None = Field(description="The department of the assignee.")
    starts_at: datetime | None = Field(description="Planned start.")
    ends_at: datetime | None = Field(description="Planned end.")
    remind_minutes: int | None = Field(description=REMIND)
    recurrence: RecurrenceRead | None = Field(description="How it repeats.")
    series_id: UUID | None = Field(description="What all tasks of the series have in common.")
    cancel_reason: str | None = Field(description="Why it was cancelled.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return the task as the API shows it."""
        return shown(cls, task)


class TaskClash(BaseModel):
    """Something else that the assignee has to do at the time."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(
        description="What it is: `visit`, `task`, `leave`, or `busy` if the caller may not see it."
    )
    id: UUID | None = Field(description="Its id, of a visit or a task.")
    title: str | None = Field(description="What it is about, of a visit or a task.")
    employee_id: UUID | None = Field(description="Who is busy or on leave then.")
    starts_at: datetime = Field(description="When it starts.")
    ends_at: datetime = Field(description="When it ends.")


class TaskDetail(TaskRead):
    """A task as it stands, with what it clashes with."""

    clashes: list[TaskClash] = Field(
        description="What else the assignee has to do then, the first twenty; while it is to do."
    )

    @classmethod
    def told(cls, task: Task, clashes: Sequence[Clash]) -> Self:
        """Return the task as the API shows a single one."""
        return shown(cls, task, clashes=clashes)


class TaskFilters(PageParams):
    """Filters of the task list; all must match."""

    status: list[TaskStatus] = Field(default_factory=list, description="One of these states.")
    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    project_id: UUID | None = Field(None, description="Of this project.")
    stage_code: str | None = Field(None, description="Of the stage with this code.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    assignee_id: UUID | None = Field(None, description="Assigned to this employee.")
    department_id: UUID | None = Field(None, description="Of this department.")
    series_id: UUID | None = Field(None, description="Of this series.")
    due_to: Day | None = Field(None, description="Due then or earlier.")
    sort: Literal["created_at", "-created_at", "due_on", "-due_on"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
