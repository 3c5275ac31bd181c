"""On which day a task that repeats is next."""

from datetime import UTC, date, datetime

import pytest

from kehu_sales.tasks.recurrence import Frequency, Recurrence, Weekday, on_day

MONDAY = date(2026, 3, 2)
LEAP_DAY = date(2024, 2, 29)


def every(frequency: Frequency, **fields: object) -> Recurrence:
    values = {"first": MONDAY, "interval": 1, "weekdays": (), "until": None} | fields
    return Recurrence(frequency=frequency, **values)  # type: ignore[arg-type]


class TestNext:
    @pytest.mark.parametrize(
        ("rule", "after", "expected"),
        [
            (every(Frequency.DAILY), MONDAY, date(2026, 3, 3)),
            (every(Frequency.DAILY, interval=3), MONDAY, date(2026, 3, 5)),
            (every(Frequency.WEEKLY), MONDAY, date(2026, 3, 9)),
            (
                every(Frequency.WEEKLY, weekdays=(Weekday.MONDAY, Weekday.THURSDAY)),
                MONDAY,
                date(2026, 3, 5),
            ),
            (every(Frequency.MONTHLY), MONDAY, date(2026, 4, 2)),
            (
                every(Frequency.YEARLY, first=date(2024, 2, 29)),
                date(2024, 2, 29),
                date(2028, 2, 29),
            ),
            (every(Frequency.DAILY, until=MONDAY), MONDAY, None),
        ],
        ids=["day", "third day", "week", "weekdays", "month", "leap day", "the last"],
    )
    def test_day(self, rule: Recurrence, after: date, expected: date | None) -> None:
        assert rule.following(after, not_before=MONDAY) == expected

    def test_a_month_without_its_day_is_left_out(self) -> None:
        rule = every(Frequency.MONTHLY, first=date(2026, 1, 31))
        assert rule.following(date(2026, 1, 31), not_before=MONDAY) == date(2026, 3, 31)

    def test_what_was_missed_does_not_pile_up(self) -> None:
        rule = every(Frequency.WEEKLY)
        assert rule.following(MONDAY, not_before=date(2026, 4, 1)) == date(2026, 4, 6)
        assert rule.following(MONDAY, not_before=date(2026, 4, 6)) == date(2026, 4, 6)


def test_stored_and_read_again_it_is_the_same() -> None:
    rule = every(Frequency.WEEKLY, weekdays=(Weekday.FRIDAY,), until=date(2026, 12, 31))
    assert Recurrence.of(rule.stored()) == rule


def test_the_time_of_day_stays_when_clocks_change() -> None:
    nine = datetime(2026, 3, 23, 8, 0, tzinfo=UTC)  # nine o'clock in winter
    moved = on_day(nine, date(2026, 3, 30), "Europe/Berlin")
    assert moved is not None
    assert (moved.hour, moved.astimezone(UTC).hour) == (9, 7)
