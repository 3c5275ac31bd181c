"""Periods that targets and forecasts are for: a year, a quarter, a month."""

import calendar
from datetime import date
from typing import Annotated

from pydantic import Field

PERIOD = r"^20[0-9]{2}(-(Q[1-4]|0[1-9]|1[0-2]))?$"
PeriodText = Annotated[str, Field(pattern=PERIOD)]
MonthText = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


def days_of(period: str) -> tuple[date, date]:
    """Return the first and the last day of `2026`, `2026-Q4` or `2026-11`."""
    year, _, part = period.partition("-")
    if not part:
        first, last = 1, 12
    elif part.startswith("Q"):
        last = int(part[1]) * 3
        first = last - 2
    else:
        first = last = int(part)
    _, days = calendar.monthrange(int(year), last)
    return date(int(year), first, 1), date(int(year), last, days)
