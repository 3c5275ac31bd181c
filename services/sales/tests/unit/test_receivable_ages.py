"""Into which age a receivable falls, and that nothing is lost when they are added up (S10)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_sales.receivables.ages import Age, advice_on, age_of, ages, by_age, days_late

BOUNDS = (30, 60, 90)
TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("late", "age"),
    [
        (0, Age(None, None)),
        (1, Age(1, 30)),
        (30, Age(1, 30)),
        (31, Age(31, 60)),
        (90, Age(61, 90)),
        (91, Age(91, None)),
    ],
)
def test_ages_include_both_ends(late: int, age: Age) -> None:
    assert age_of(late, BOUNDS) == age


def test_on_the_due_day_nothing_is_late() -> None:
    assert days_late(TODAY, TODAY) == 0
    assert days_late(TODAY - timedelta(days=1), TODAY) == 1


def test_a_tenant_with_more_ages_gets_the_last_advice_for_the_latest() -> None:
    bounds = (10, 20, 30, 40, 50)
    assert advice_on(ages(bounds)[-1], bounds) == advice_on(Age(91, None), BOUNDS)


@given(
    st.lists(
        st.tuples(
            st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.decimals("0.01", "9999.99", places=2)
        )
    )
)
def test_the_ages_add_up_to_everything(parts: list[tuple[date, Decimal]]) -> None:
    sums = by_age(parts, TODAY, BOUNDS)
    assert sum(sums.values()) == sum(amount for _, amount in parts)
    assert list(sums) == ages(BOUNDS)
