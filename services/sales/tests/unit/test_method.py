import pytest

from kehu_sales.methods.errors import (
    DefaultMethodNeeded,
    MethodWithdrawn,
    StageCodesRepeat,
    SuccessRateMustRise,
)
from kehu_sales.methods.models import Method, Stage, require_rising


def stage(code: str, rate: int) -> Stage:
    return Stage(code, code, planned_days=7, success_rate=rate)


class TestStages:
    @pytest.mark.parametrize("rates", [(10,), (0, 100), (10, 30, 90)])
    def test_with_rising_success_rates(self, rates: tuple[int, ...]) -> None:
        require_rising([stage(f"s{rate}", rate) for rate in rates])

    @pytest.mark.parametrize("rates", [(10, 10), (30, 10), (10, 90, 50)])
    def test_with_a_success_rate_that_does_not_rise(self, rates: tuple[int, ...]) -> None:
        stages = [stage(f"s{place}", rate) for place, rate in enumerate(rates)]
        with pytest.raises(SuccessRateMustRise):
            require_rising(stages)

    def test_with_a_repeated_code(self) -> None:
        with pytest.raises(StageCodesRepeat):
            require_rising([stage("bid", 10), stage("bid", 20)])


class TestWithdraw:
    def test_the_default_method(self) -> None:
        with pytest.raises(DefaultMethodNeeded):
            Method(name="方法", is_default=True, active=True).withdraw()

    def test_another_method(self) -> None:
        method = Method(name="方法", is_default=False, active=True)
        method.withdraw()
        with pytest.raises(MethodWithdrawn):
            method.make_default()
