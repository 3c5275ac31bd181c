"""Scales cover every number exactly once; weights add up to a hundred."""

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_analytics.scoring import defaults
from kehu_analytics.scoring.errors import (
    ScaleGap,
    ScaleNotOpen,
    ScaleOverlap,
    ScaleStepEmpty,
    WeightsNotHundred,
)
from kehu_analytics.scoring.models import MONEY, Dimension, check_scale, check_weights
from kehu_analytics.scoring.schemas import DIMENSIONS, Grade, Interval
from kehu_kernel.errors import DomainError


class Between(NamedTuple):
    low: Decimal | None
    high: Decimal | None


def scale(*ends: int | None) -> list[Between]:
    """Return intervals from pairs of ends."""
    numbers = [None if end is None else Decimal(end) for end in ends]
    return [Between(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


class TestCheckScale:
    @given(st.lists(st.integers(-1000, 1000), unique=True).map(sorted))
    def test_accepts_any_rising_cuts(self, cuts: list[int]) -> None:
        ends = [None, *map(Decimal, cuts), None]
        check_scale([Between(*pair) for pair in pairwise(ends)])

    @pytest.mark.parametrize(
        ("steps", "error"),
        [
            (scale(0, None), ScaleNotOpen),
            (scale(None, 0), ScaleNotOpen),
            (scale(None, 10, 10, 10, 10, None), ScaleStepEmpty),
            (scale(None, 10, 20, 11, 20, None), ScaleStepEmpty),
            (scale(None, 10, 11, None), ScaleGap),
            (scale(None, 10, 9, None), ScaleOverlap),
            (scale(None, None, None, None), ScaleOverlap),
            (scale(None, 20, 20, None, 20, 30, 30, None), ScaleOverlap),
        ],
    )
    def test_refuses(self, steps: list[Between], error: type[DomainError]) -> None:
        with pytest.raises(error):
            check_scale(steps)


class TestCheckWeights:
    def test_accepts_a_hundred_in_hundredths(self) -> None:
        check_weights([Decimal("33.33"), Decimal("33.33"), Decimal("33.34")])

    @pytest.mark.parametrize("weights", [["99.99"], ["50", "50.01"]])
    def test_refuses_anything_else(self, weights: list[str]) -> None:
        with pytest.raises(WeightsNotHundred):
            check_weights(map(Decimal, weights))


class TestDefaults:
    def test_are_a_scheme_that_the_api_would_accept(self) -> None:
        for intervals in defaults.OPTIONS.values():
            check_scale([Interval.model_validate(interval) for interval in intervals])
        check_scale([Grade.model_validate(grade) for grade in defaults.GRADES])
        check_weights(map(Decimal, defaults.WEIGHTS.values()))
        assert set(defaults.WEIGHTS) == {dimension.value for dimension in defaults.OPTIONS}

    def test_every_dimension_is_described(self) -> None:
        assert set(DIMENSIONS) == set(Dimension) > MONEY
