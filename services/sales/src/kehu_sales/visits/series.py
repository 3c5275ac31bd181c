"""Visits that recur: the rule and the plan that every further one is planned by (S5)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import TenantRow
from kehu_sales.db import Base
from kehu_sales.tasks.recurrence import Recurrence
from kehu_sales.visits.plan import Plan


class VisitSeries(Plan, TenantRow, Base):
    """A series of visits. Each occurrence is a visit of its own, planned some days ahead.

    Days of the series are those of its rule; what is moved as a whole takes place `shift_days`
    after them, at the time of day of `starts_at`. `planned_to` is the last day planned for.
    `plan_on` is the day on which the next one is to be planned; none when the series is over.
    """

    __tablename__ = "visit_series"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "opportunity_id"], ["opportunities.tenant_id", "opportunities.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint("ends_at > starts_at", "times"),
        Index(
            "ix_visit_series_due", "tenant_id", "plan_on", "id",
            postgresql_where=text("plan_on IS NOT NULL"),
        ),
        Index(
            "ix_visit_series_running", "tenant_id", "id",
            postgresql_where=text("plan_on IS NOT NULL"),
        ),
        Index("ix_visit_series_owner", "tenant_id", "owner_id"),
        Index("ix_visit_series_customer", "tenant_id", "customer_id"),
        Index("ix_visit_series_opportunity", "tenant_id", "opportunity_id"),
    )  # fmt: skip

    planned_by: Mapped[str | None]
    recurrence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shift_days: Mapped[int]
    planned_to: Mapped[date]
    plan_on: Mapped[date | None]

    def next_day(self, today: date, ahead: int) -> date | None:
        """Return the next day to plan for, if that is at most so many days ahead.

        Days that were missed are passed over: nothing is planned for the past. Otherwise the series
        waits until the day is near enough, or is over.
        """
        shift = timedelta(days=self.shift_days)
        rule = Recurrence.of(self.recurrence)
        day = rule.following(self.planned_to, not_before=today - shift)
        if day is None:
            self.end()
            return None
        self.plan_on = day + shift - timedelta(days=ahead)
        return day if self.plan_on <= today else None

    def times_on(self, day: date, zone: str) -> tuple[datetime, datetime]:
        """Return when the visit of a day of the series begins and ends."""
        local = self.starts_at.astimezone(ZoneInfo(zone))
        on = day + timedelta(days=self.shift_days)
        begins = datetime.combine(on, local.time(), local.tzinfo)
        return begins, begins + (self.ends_at - self.starts_at)

    def take_place(self, starts_at: datetime, ends_at: datetime, shift_days: int) -> None:
        """Take place at other times from now on, so many days after the days of the rule."""
        if self.plan_on is not None:
            self.plan_on += timedelta(days=shift_days - self.shift_days)
        self.starts_at, self.ends_at, self.shift_days = starts_at, ends_at, shift_days

    def plan_anew(self, given: Mapping[str, Any]) -> None:
        """Plan further visits in this way."""
        for name, value in given.items():
            setattr(self, name, value)

    def wait(self, until: date) -> None:
        """Plan nothing before that day."""
        self.plan_on = until

    def end(self) -> None:
        """Plan no further visit."""
        self.plan_on = None
