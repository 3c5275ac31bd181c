"""Targets and periods: the rules that need no database (S12)."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from kehu_sales.periods import days_of
from kehu_sales.targets.models import Target
from kehu_sales.targets.queries import Won
from kehu_sales.targets.service import attainment, percent


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_whole_months(period: str, first: date, last: date) -> None:
    assert days_of(period) == (first, last)


class TestAttainment:
    @pytest.fixture
    def target(self) -> Target:
        now = "2026-11-22T00:00:00Z"
        return Target(
            id=UUID(int=1),
            version=1,
            period="2026-Q4",
            starts_on=date(2026, 10, 1),
            ends_on=date(2026, 12, 31),
            amount=Decimal("300000.00"),
            currency="CNY",
            active=True,
            created_at=now,
            updated_at=now,
        )

    def test_who_meets_the_target_by_one_lucky_strike_does_not_meet_it_without(
        self, target: Target
    ) -> None:
        """4 L2760: the person meets the target only when a big order falls in."""
        found = attainment(target, Won(Decimal(320000), Decimal(250000), 4, None, None, None))
        assert found.percent == Decimal("106.67")
        assert found.won_without_largest.amount == Decimal("70000.00")
        assert found.percent_without_largest == Decimal("23.33")
        assert found.assigned_below is None

    def test_of_a_target_of_nothing_there_is_no_percent(self) -> None:
        assert percent(Decimal(5), Decimal(0)) is None
