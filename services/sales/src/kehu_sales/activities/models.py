"""The activity."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_contracts.money import Money
from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base


class ActivityKind(StrEnum):
    """How the contact took place."""

    VISIT = "visit"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    OTHER = "other"


class Activity(Aggregate, Base):
    """A contact that took place; it is never changed.

    It carries the stage its opportunity was in when it was recorded; what was done for a task (1.3,
    item 5) that of the task.
    """

    label_zh = "活动"
    __tablename__ = "activities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
        Index("ix_activities_occurred_on", "tenant_id", "occurred_on", "id"),
        Index("ix_activities_opportunity", "tenant_id", "opportunity_id", "stage_code"),
        Index("ix_activities_customer", "tenant_id", "customer_id", "occurred_on", "id"),
        Index(
            "ix_activities_task",
            "tenant_id",
            "task_id",
            postgresql_where=text("task_id IS NOT NULL"),
        ),
    )

    kind: Mapped[str]
    topic: Mapped[str]
    content: Mapped[str | None]
    opportunity_id: Mapped[UUID | None]
    stage_code: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    task_id: Mapped[UUID | None]
    employee_id: Mapped[UUID | None]
    occurred_on: Mapped[date]
    place: Mapped[str | None]
    minutes: Mapped[int | None]
    cost: Mapped[Decimal | None]
    currency: Mapped[str | None]

    @property
    def spent(self) -> Money | None:
        """What it cost us, if anybody said."""
        if self.cost is None or self.currency is None:
            return None
        return Money(amount=self.cost, currency=self.currency)
