from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kehu_sales.tasks.recurrence import Frequency, Recurrence, Weekday
from kehu_sales.visits.series import VisitSeries

ZONE = "Asia/Shanghai"
MONDAY = date(2026, 3, 2)
TEN = datetime(2026, 3, 2, 10, tzinfo=ZoneInfo(ZONE))
ELEVEN = datetime(2026, 3, 2, 11, tzinfo=ZoneInfo(ZONE))


def series(**given: Any) -> VisitSeries:
    """Return a weekly series of Mondays, ten to eleven, of which the first is planned."""
    fields = {"frequency": Frequency.WEEKLY, "interval": 1, "weekdays": (), "until": None} | given
    rule = Recurrence(first=MONDAY, **fields)
    return VisitSeries(
        recurrence=rule.stored(), planned_to=MONDAY, plan_on=MONDAY, shift_days=0,
        starts_at=TEN, ends_at=ELEVEN,
    )  # fmt: skip


def days_of(one: VisitSeries, today: date, ahead: int) -> list[date]:
    """Return what is planned when the worker goes round."""
    found = []
    while day := one.next_day(today, ahead):
        found.append(day)
        one.planned_to = day
    return found


class TestNextDay:
    def test_plans_so_many_days_ahead_and_waits(self) -> None:
        one = series()
        assert days_of(one, MONDAY, 14) == [date(2026, 3, 9), date(2026, 3, 16)]
        assert one.plan_on == date(2026, 3, 9)  # fourteen days before the 23rd

    def test_twice_on_a_day_it_plans_nothing_more(self) -> None:
        one = series()
        days_of(one, MONDAY, 14)
        assert days_of(one, MONDAY, 14) == []

    def test_ends_after_the_last_day(self) -> None:
        one = series(until=date(2026, 3, 16))
        assert days_of(one, MONDAY, 366) == [date(2026, 3, 9), date(2026, 3, 16)]
        assert one.plan_on is None

    def test_what_was_missed_is_not_made_up_for(self) -> None:
        assert days_of(series(), date(2026, 4, 1), 7) == [date(2026, 4, 6)]

    def test_moved_to_earlier_days_the_next_one_is_planned_earlier_too(self) -> None:
        one = series(frequency=Frequency.MONTHLY)
        assert days_of(one, MONDAY, 14) == []
        assert one.plan_on == date(2026, 3, 19)  # for April 2
        one.take_place(TEN, ELEVEN, -20)  # which is March 13 now
        assert one.plan_on == date(2026, 2, 27)
        assert days_of(one, date(2026, 2, 27), 14) == [date(2026, 4, 2)]

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ({"frequency": Frequency.DAILY, "interval": 3}, [(3, 5), (3, 8), (3, 11)]),
            ({"weekdays": (Weekday.MONDAY, Weekday.THURSDAY)}, [(3, 5), (3, 9), (3, 12)]),
            ({"interval": 2}, [(3, 16)]),
            ({"frequency": Frequency.MONTHLY}, []),
        ],
        ids=["every-three-days", "mondays-and-thursdays", "every-other-week", "monthly"],
    )
    def test_follows_the_rule(self, rule: dict[str, Any], expected: list[tuple[int, int]]) -> None:
        found = days_of(series(**rule), MONDAY, 14)
        assert [(one.month, one.day) for one in found][:3] == expected

    def test_moved_as_a_whole_it_looks_at_the_days_it_takes_place_on(self) -> None:
        one = series()
        one.take_place(TEN, ELEVEN, 2)
        assert days_of(one, MONDAY, 14) == [date(2026, 3, 9)]  # on the 11th; the 18th is too far


class TestTimes:
    def test_keep_the_time_of_day_and_the_length(self) -> None:
        begins, ends = series().times_on(date(2026, 3, 9), ZONE)
        assert begins == datetime(2026, 3, 9, 10, tzinfo=ZoneInfo(ZONE))
        assert ends == datetime(2026, 3, 9, 11, tzinfo=ZoneInfo(ZONE))
