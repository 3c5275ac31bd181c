"""The credit policy of a tenant, and what holds where it has decided nothing (C9; 3 L2165-2173)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.credit_policy.defaults import default_ratios
from kehu_customer.credit_policy.errors import (
    ReportMonthsContradict,
    ReportMonthsOutOfRange,
    ThresholdsContradict,
)
from kehu_customer.credit_policy.thresholds import Ratio, Thresholds
from kehu_customer.db import Base
from kehu_customer.labels import Labelled
from kehu_kernel.columns import Aggregate

DEFAULTS: Mapping[str, Any] = {
    "report_months_min": 3,  # "valid 3 months to 1 year", L2169
    "report_months_max": 12,
    "report_months": 12,
    "notice_days": 0,  # "expired: re-investigate", L2169
    "report_required": False,  # the text asks for a new report, it does not stop trade
    "fiscal_year_month": 1,
    "thresholds": {},
}


class CreditPolicy(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `report_months`, `_min`, `_max`: how long a credit report is valid, in months. `notice_days`:
    how many days before that a new investigation is asked for. `report_required`: whether credit
    needs a valid report. `fiscal_year_month`: 1 to 12, the month limits begin in. `thresholds`:
    those the tenant has changed, by ratio, as texts in percent.
    """

    label_zh = "信用政策"
    __tablename__ = "credit_policies"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    report_months_min: Mapped[int]
    report_months_max: Mapped[int]
    report_months: Mapped[int]
    notice_days: Mapped[int]
    report_required: Mapped[bool]
    fiscal_year_month: Mapped[int]
    thresholds: Mapped[dict[str, Any]]

    def decide(self, given: Mapping[str, object]) -> None:
        """Take these decisions. Raises `ReportMonthsContradict`."""
        for name, value in given.items():
            setattr(self, name, value)
        shortest, longest = self.report_months_min, self.report_months_max
        if not shortest <= self.report_months <= longest:
            raise ReportMonthsContradict(
                months=self.report_months, shortest=shortest, longest=longest
            )

    def set_thresholds(self, ratio: Ratio, bounds: dict[str, str | None]) -> None:
        """Measure a ratio by these bounds. Raises `ThresholdsContradict`."""
        if Thresholds.of(bounds).contradict():
            raise ThresholdsContradict(ratio=Labelled(ratio.value, default_ratios()[ratio].name_zh))
        self.thresholds = self.thresholds | {ratio.value: bounds}

    def bounds_of(self, ratio: Ratio) -> dict[str, str | None]:
        """Return the bounds of a ratio as texts: the tenant's, or else those of the texts."""
        decided: dict[str, str | None] | None = self.thresholds.get(ratio.value)
        if decided is not None:
            return decided
        default = default_ratios()[ratio]
        return {name: getattr(default, name) for name in Thresholds._fields}

    def validity(self, months: int | None) -> int:
        """Return how long a report is valid, in months: as asked for, or as usual.

        Raises `ReportMonthsOutOfRange`.
        """
        shortest, longest = self.report_months_min, self.report_months_max
        if months is not None and not shortest <= months <= longest:
            raise ReportMonthsOutOfRange(months=months, shortest=shortest, longest=longest)
        return months or self.report_months

    def year_period(self, year: int) -> tuple[date, date]:
        """Return the first day of a fiscal year, and the first day after it."""
        month = self.fiscal_year_month
        return date(year, month, 1), date(year + 1, month, 1)
