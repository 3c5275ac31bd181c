"""Recurring tasks: on which day the next one is (RFC 5545 rules, by dateutil)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from dateutil import rrule

from kehu_sales.later import known


class Frequency(StrEnum):
    """How often something repeats."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Weekday(StrEnum):
    """Days of the week, as RFC 5545 writes them."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


FREQUENCIES: dict[Frequency, Any] = {
    Frequency.DAILY: rrule.DAILY,
    Frequency.WEEKLY: rrule.WEEKLY,
    Frequency.MONTHLY: rrule.MONTHLY,
    Frequency.YEARLY: rrule.YEARLY,
}
WEEKDAYS = {name: getattr(rrule, name.value) for name in Weekday}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Every `interval` days, weeks, months or years from `first` on, until `until` (included).

    `weekdays` are for weeks only. A month without the day of `first` (31) is left out.
    """

    first: date
    frequency: Frequency
    interval: int
    weekdays: tuple[Weekday, ...]
    until: date | None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Recurrence":
        """Return the recurrence that stored values describe."""
        until = values["until"]
        return cls(
            first=date.fromisoformat(values["first"]),
            frequency=known(Frequency, values["frequency"]),
            interval=values["interval"],
            weekdays=tuple(known(Weekday, one) for one in values["weekdays"]),
            until=date.fromisoformat(until) if until else None,
        )

    def stored(self) -> dict[str, Any]:
        """Return the values that are stored."""
        return {
            "first": self.first.isoformat(),
            "frequency": self.frequency.value,
            "interval": self.interval,
            "weekdays": [one.value for one in self.weekdays],
            "until": self.until and self.until.isoformat(),
        }

    def following(self, day: date, *, not_before: date) -> date | None:
        """Return the first day of the series after `day` that is not missed already, or None.

        What was missed does not pile up: days before `not_before` are passed over.
        """
        after = max(day, not_before - timedelta(days=1))
        found = self._rule().after(datetime.combine(after, time.min))
        return found.date() if found else None

    def between(self, start: date, end: date) -> list[date]:
        """Return the days of the series from `start` to `end`, both included."""
        rule = self._rule()
        days = rule.between(
            datetime.combine(start, time.min), datetime.combine(end, time.min), inc=True
        )
        return [one.date() for one in days]

    def _rule(self) -> Any:
        return rrule.rrule(
            FREQUENCIES[self.frequency],
            dtstart=datetime.combine(self.first, time.min),
            interval=self.interval,
            byweekday=[WEEKDAYS[one] for one in self.weekdays] or None,
            until=self.until and datetime.combine(self.until, time.min),
        )


def expected_days(
    stored: Mapping[str, Any] | str, series_day: date, first: date, last: date
) -> list[date]:
    """Return the days from `first` to `last` on which a task repeats that is not made yet.

    `stored` is how a task to do repeats, also as JSON; it stands for `series_day` itself.
    """
    values = orjson.loads(stored) if isinstance(stored, str) else stored
    return Recurrence.of(values).between(max(first, series_day + timedelta(days=1)), last)


def on_day(moment: datetime | None, day: date, zone: str) -> datetime | None:
    """Return the same time of day on another day, as the clocks of the time zone show it."""
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo(zone))
    return datetime.combine(day, local.time(), ZoneInfo(zone))
