"""The task, and the rules about its life (1.3, item 5)."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.moments import in_order
from kehu_sales.tasks.errors import (
    TaskIsCancelled,
    TaskIsCompleted,
    TaskNeedsDay,
    TaskNotAssigned,
    TaskTimesIncomplete,
)
from kehu_sales.tasks.recurrence import Recurrence


class TaskStatus(StrEnum):
    """How far a task is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


TO_DO = (TaskStatus.OPEN, TaskStatus.IN_PROGRESS)


class Task(Aggregate, Base):
    """Something to be done. It counts for the stage its opportunity was in when it was created.

    One of a project counts for the stage it was planned for; `percent` is how much of it is done,
    and `mandatory` ones keep the stage from being left.
    `starts_at` and `ends_at` are its place in the calendar. A task that repeats is one of a series;
    the next one is made when this one is completed or called off.
    """

    label_zh = "任务"
    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "project_id"], ["projects.tenant_id", "projects.id"]),
        CheckConstraint("num_nonnulls(opportunity_id, project_id) <= 1", "source"),
        CheckConstraint("percent BETWEEN 0 AND 100", "percent"),
        Index("ix_tasks_created_at", "tenant_id", "created_at", "id"),
        Index("ix_tasks_due_on", "tenant_id", "due_on", "id"),
        Index("ix_tasks_customer", "tenant_id", "customer_id"),
        Index("ix_tasks_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index(
            "ix_tasks_project",
            "tenant_id",
            "project_id",
            "stage_code",
            postgresql_where=text("project_id IS NOT NULL"),
        ),
        Index("ix_tasks_assignee", "tenant_id", "assignee_id", "status"),
        Index(
            "ix_tasks_calendar",
            "tenant_id",
            "assignee_id",
            "starts_at",
            postgresql_where=text("starts_at IS NOT NULL"),
        ),
        Index(
            "ix_tasks_to_remind",
            "tenant_id",
            "remind_at",
            postgresql_where=text(
                "remind_at IS NOT NULL AND reminded_at IS NULL "
                "AND status IN ('open', 'in_progress')"
            ),
        ),
        Index(
            "ix_tasks_due_untold",
            "tenant_id",
            "due_on",
            postgresql_where=text("status IN ('open', 'in_progress') AND due_told_at IS NULL"),
        ),
        Index(
            "ix_tasks_series",
            "tenant_id",
            "series_id",
            "series_day",
            unique=True,
            postgresql_where=text("series_id IS NOT NULL"),
        ),
    )

    topic: Mapped[str]
    content: Mapped[str | None]
    opportunity_id: Mapped[UUID | None]
    stage_code: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    status: Mapped[str]
    due_on: Mapped[date | None]
    started_on: Mapped[date | None]
    finished_on: Mapped[date | None]
    department_id: Mapped[UUID | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    remind_minutes: Mapped[int | None]
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    due_told_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    recurrence: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    series_id: Mapped[UUID | None]
    series_day: Mapped[date | None]
    project_id: Mapped[UUID | None]
    # Defaults of the database, for tasks that processes of before make during a deployment.
    mandatory: Mapped[bool] = mapped_column(server_default=text("false"))
    percent: Mapped[int] = mapped_column(server_default=text("0"))

    def plan(
        self,
        *,
        due_on: date | None,
        starts_at: datetime | None,
        ends_at: datetime | None,
        remind_minutes: int | None,
    ) -> None:
        """Say when it is to be done; what was told of another day or start is told anew.

        Raises `TaskIsCompleted`, `TaskIsCancelled`, `TaskTimesIncomplete`, `TimesReversed`,
        `TaskNeedsDay`.
        """
        self.require_to_do()
        if (starts_at is None) != (ends_at is None):
            raise TaskTimesIncomplete
        in_order(starts_at, ends_at)
        if due_on != self.due_on:
            self.due_told_at = None
        self.due_on, self.starts_at, self.ends_at = due_on, starts_at, ends_at
        remind_at = None
        if remind_minutes is not None:
            if starts_at is None:
                raise TaskNeedsDay
            remind_at = starts_at - timedelta(minutes=remind_minutes)
        if remind_at != self.remind_at:
            self.reminded_at = None
        self.remind_minutes, self.remind_at = remind_minutes, remind_at

    def require_to_do(self) -> None:
        """Raise `TaskIsCompleted` or `TaskIsCancelled` if nothing more can be done with it."""
        if self.status == TaskStatus.COMPLETED:
            raise TaskIsCompleted
        if self.status == TaskStatus.CANCELLED:
            raise TaskIsCancelled

    def repeat(self, recurrence: Recurrence) -> None:
        """Make it the first of a series. The task has its id already."""
        self.recurrence = recurrence.stored()
        self.series_id, self.series_day = self.id, recurrence.first

    def cancel(self, reason: str) -> None:
        """Call the task off. Raises `TaskIsCompleted`, `TaskIsCancelled`."""
        self.require_to_do()
        self.status, self.cancel_reason = TaskStatus.CANCELLED, reason

    def assign(self, assignee_id: UUID) -> None:
        """Give the task to an employee, perhaps another one.

        Raises `TaskIsCompleted`, `TaskIsCancelled`.
        """
        self.require_to_do()
        self.status, self.assignee_id = TaskStatus.IN_PROGRESS, assignee_id

    def complete(self, started_on: date, finished_on: date) -> None:
        """Finish the task, with its actual start and end.

        Raises `TaskIsCompleted`, `TaskIsCancelled`, `TaskNotAssigned`, `DateBeforePrevious`.
        """
        self.require_to_do()
        if self.status == TaskStatus.OPEN:
            raise TaskNotAssigned
        business_day.follows(finished_on, started_on)
        self.status = TaskStatus.COMPLETED
        self.started_on, self.finished_on, self.percent = started_on, finished_on, 100
