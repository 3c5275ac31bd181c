"""The day of a run of tests does not end while it goes on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kehu_kernel.testing.plugin import ahead_of


@pytest.mark.parametrize(
    ("begun", "told"),
    [
        ("2026-12-31T23:00:01", "2027-01-01T00:00:00"),
        ("2026-12-31T23:00:00", "2026-12-31T23:00:00"),
        ("2026-12-31T00:00:00", "2026-12-31T00:00:00"),
    ],
    ids=["in its last hour the next one has begun", "before it", "as it begins"],
)
def test_a_run_that_begins_late_is_told_of_the_next_day(begun: str, told: str) -> None:
    at = datetime.fromisoformat(begun).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    later = at.astimezone(ZoneInfo("UTC")) + ahead_of(at.astimezone(ZoneInfo("UTC")))
    assert later == datetime.fromisoformat(told).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert ahead_of(later) == timedelta()
