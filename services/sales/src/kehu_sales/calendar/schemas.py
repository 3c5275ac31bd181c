"""The calendar on the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.wire import Day


class CalendarFilters(BaseModel):
    """Which part of the calendar; `to` is included."""

    model_config = ConfigDict(extra="forbid")

    from_: Day = Field(alias="from", description="First business day.")
    to: Day = Field(description="Last business day, included.")
    employee_id: UUID | None = Field(
        None, description="Of this employee: owner, observer or assignee."
    )
    department_id: UUID | None = Field(
        None, description="Of this department, those below it, and whoever works there."
    )


class EntryRead(BaseModel):
    """One entry of the calendar: from a moment to another, or all of a day."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(
        description="What it is: `visit`, `task`, `activity`, `leave`, or `busy` if the caller may "
        "not see it."
    )
    id: UUID = Field(
        description="Its id; of leave, that of the assignee; of `busy`, that of the employee."
    )
    title: str = Field(description="What it is about.")
    status: str = Field(description="How far it is; of an activity, its kind.")
    customer_id: UUID | None = Field(description="The customer.")
    customer_name: str | None = Field(description="The customer's name.")
    employee_id: UUID | None = Field(description="Whose it is.")
    starts_at: datetime | None = Field(description="When it starts; none if it takes the day.")
    ends_at: datetime | None = Field(description="When it ends.")
    on: date | None = Field(description="The business day, if it has no time of its own.")
    place: str | None = Field(description="Where.")
    expected: bool = Field(
        description="True: a repeat that is not made yet; the id is that of the task it repeats."
    )


class CalendarRead(BaseModel):
    """The calendar of a period, in the order of time."""

    items: list[EntryRead] = Field(description="Every entry.")
