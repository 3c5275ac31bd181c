"""When an opportunity is idle, and what holds where a tenant has decided nothing."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_kernel.columns import Aggregate
from kehu_sales.db import Base
from kehu_sales.idle.errors import WarningTooEarly

DEFAULTS: Mapping[str, Any] = {"idle_days": None, "warn_days": 7, "decided_on": date(2000, 1, 1)}
"""What holds where a tenant has decided nothing: nothing goes back by itself."""


class IdlePolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `idle_days` after anybody last turned to an opportunity in progress it goes back to the reserve
    pool (None: never), and `warn_days` before that its owner is warned. `decided_on` is the day of
    the last change: who was warned before it is warned again, under the rule as it is now. Nothing
    goes back before the day that its warning told.
    """

    label_zh = "闲置商机规则"
    __tablename__ = "idle_policies"
    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("warn_days > 0 AND idle_days > warn_days", "days"),
    )

    idle_days: Mapped[int | None]
    warn_days: Mapped[int]
    decided_on: Mapped[date]

    def decide(self, given: Mapping[str, Any], today: date) -> None:
        """Take what was decided. Raises `WarningTooEarly`."""
        idle_days = given.get("idle_days", self.idle_days)
        warn_days = given.get("warn_days", self.warn_days)
        if idle_days is not None and idle_days <= warn_days:
            raise WarningTooEarly(idle_days=idle_days, warn_days=warn_days)
        if (idle_days, warn_days) != (self.idle_days, self.warn_days):
            self.idle_days, self.warn_days, self.decided_on = idle_days, warn_days, today

    def warned_since(self, today: date) -> date:
        """Return the day since which nobody turned to what is warned of today.

        To be asked where `idle_days` says that something goes back at all.
        """
        return today - timedelta(days=(self.idle_days or 0) - self.warn_days)

    def return_on(self, moved_on: date, warned_on: date) -> date:
        """Return the day it goes back: never sooner than so many days after the warning."""
        idle = moved_on + timedelta(days=self.idle_days or 0)
        return max(idle, warned_on + timedelta(days=self.warn_days))

    def takes_back(self, moved_on: date, warned_on: date, today: date) -> bool:
        """Whether it goes back on the day its warning told: it is idle still, by the present rule.

        Not if the rule was changed after the warning.
        """
        idle_on = moved_on + timedelta(days=self.idle_days or 0)
        return self.decided_on <= warned_on and idle_on <= today
