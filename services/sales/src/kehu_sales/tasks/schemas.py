"""Tasks on the wire."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Input, LongText, Text, shown
from kehu_sales.tasks.models import Task, TaskStatus

ID = "019364c2-7d5e-7000-8000-00000000000"


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
    assignee_id: UUID | None = Field(None, description="The employee who is to do it.")
    due_on: Day | None = Field(None, description="Business day it should be done by.")


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
    stage_code: str | None = Field(description="Stage the opportunity was in on creation.")
    customer_id: UUID | None = Field(description="The customer it is for.")
    assignee_id: UUID | None = Field(description="The employee who is to do it.")
    status: TaskStatus = Field(description="How far it is.")
    due_on: date | None = Field(description="Business day it should be done by.")
    started_on: date | None = Field(description="Business day work really began.")
    finished_on: date | None = Field(description="Business day work really ended.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return the task as the API shows it."""
        return shown(cls, task)


class TaskFilters(PageParams):
    """Filters of the task list; all must match."""

    status: list[TaskStatus] = Field(default_factory=list, description="One of these states.")
    opportunity_id: UUID | None = Field(None, description="Of this opportunity.")
    stage_code: str | None = Field(None, description="Created in the stage with this code.")
    customer_id: UUID | None = Field(
        None, description="Of this customer, also if it was entered for a record merged with it."
    )
    assignee_id: UUID | None = Field(None, description="Assigned to this employee.")
    due_to: Day | None = Field(None, description="Due then or earlier.")
    sort: Literal["created_at", "-created_at", "due_on", "-due_on"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )
