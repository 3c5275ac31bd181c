"""The task, and the rules about its life (1.3, item 5)."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.tasks.errors import TaskIsCompleted, TaskNotAssigned


class TaskStatus(StrEnum):
    """How far a task is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Task(Aggregate, Base):
    """Something to be done. It counts for the stage its opportunity was in when it was created."""

    label_zh = "任务"
    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        Index("ix_tasks_created_at", "tenant_id", "created_at", "id"),
        Index("ix_tasks_due_on", "tenant_id", "due_on", "id"),
        Index("ix_tasks_customer", "tenant_id", "customer_id"),
        Index("ix_tasks_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index("ix_tasks_assignee", "tenant_id", "assignee_id", "status"),
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

    def assign(self, assignee_id: UUID) -> None:
        """Give the task to an employee, perhaps another one. Raises `TaskIsCompleted`."""
        if self.status == TaskStatus.COMPLETED:
            raise TaskIsCompleted
        self.status, self.assignee_id = TaskStatus.IN_PROGRESS, assignee_id

    def complete(self, started_on: date, finished_on: date) -> None:
        """Finish the task, with its actual start and end.

        Raises `TaskIsCompleted`, `TaskNotAssigned`, `DateBeforePrevious`.
        """
        if self.status == TaskStatus.COMPLETED:
            raise TaskIsCompleted
        if self.status == TaskStatus.OPEN:
            raise TaskNotAssigned
        business_day.follows(finished_on, started_on)
        self.status = TaskStatus.COMPLETED
        self.started_on, self.finished_on = started_on, finished_on
