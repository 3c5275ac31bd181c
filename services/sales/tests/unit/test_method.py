from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from kehu_sales.methods.errors import (
    DefaultMethodNeeded,
    KindMustNotFall,
    MethodWithdrawn,
    ReturnMustLeadBack,
    StageCodesRepeat,
    SuccessRateMustRise,
)
from kehu_sales.methods.models import Method
from kehu_sales.methods.stages import Kind, Stage, plain, require_sound, stage_from


def stage(code: str, rate: int, **more: Any) -> Stage:
    return Stage(code, code, planned_days=7, success_rate=rate, **more)


class TestStages:
    @pytest.mark.parametrize("rates", [(10,), (0, 100), (10, 30, 90)])
    def test_with_rising_success_rates(self, rates: tuple[int, ...]) -> None:
        require_sound([stage(f"s{rate}", rate) for rate in rates])

    @pytest.mark.parametrize("rates", [(10, 10), (30, 10), (10, 90, 50)])
    def test_with_a_success_rate_that_does_not_rise(self, rates: tuple[int, ...]) -> None:
        stages = [stage(f"s{place}", rate) for place, rate in enumerate(rates)]
        with pytest.raises(SuccessRateMustRise):
            require_sound(stages)

    def test_with_a_repeated_code(self) -> None:
        with pytest.raises(StageCodesRepeat):
            require_sound([stage("bid", 10), stage("bid", 20)])

    @pytest.mark.parametrize(
        "kinds",
        [
            (Kind.POTENTIAL, None, Kind.EFFECTIVE, Kind.SUCCESSFUL),
            (Kind.FEASIBLE, Kind.FEASIBLE),
            (None, None),
        ],
    )
    def test_standing_for_kinds_that_do_not_fall(self, kinds: tuple[Kind | None, ...]) -> None:
        require_sound([stage(f"s{n}", n, kind=kind) for n, kind in enumerate(kinds)])

    @pytest.mark.parametrize(
        "kinds",
        [
            (Kind.EFFECTIVE, None, Kind.POTENTIAL),
            (Kind.TARGET, Kind.SUCCESSFUL, Kind.SUCCESSFUL),
            (Kind.TARGET, Kind.SUCCESSFUL, None),
            (Kind.SUCCESSFUL,),
        ],
    )
    def test_standing_for_kinds_that_fall_or_come_after_the_order(
        self, kinds: tuple[Kind | None, ...]
    ) -> None:
        with pytest.raises(KindMustNotFall):
            require_sound([stage(f"s{n}", n, kind=kind) for n, kind in enumerate(kinds)])

    def test_returning_to_an_earlier_stage(self) -> None:
        require_sound([stage("a", 10), stage("b", 20, may_return_to=("a",))])

    @pytest.mark.parametrize("target", ["b", "c", "nowhere"])
    def test_returning_to_no_earlier_stage(self, target: str) -> None:
        stages = [stage("a", 10), stage("b", 20, may_return_to=(target,)), stage("c", 30)]
        with pytest.raises(ReturnMustLeadBack):
            require_sound(stages)

    def test_are_stored_as_the_first_version_of_the_service_knows_them(self) -> None:
        """It reads them while the two run side by side: no name it does not know."""
        assert plain(stage("a", 10)) == {
            "code": "a",
            "name": "a",
            "planned_days": 7,
            "success_rate": 10,
            "conditions": {"control": "none", "activities": 0, "tasks": 0, "quotes": 0},
        }

    def test_come_back_from_the_store_as_they_were(self) -> None:
        whole = stage("a", 10, kind=Kind.TARGET, skippable=False, name_en="A")
        assert stage_from(plain(whole)) == whole


class TestRenew:
    def test_keeps_the_stages_there_were_under_their_number(self) -> None:
        long_ago, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
        before, after = (stage("a", 10),), (stage("b", 10),)
        method = Method(id=uuid4(), stages=before, stages_version=3, created_at=long_ago)
        past = method.renew(after, now, "li.na")
        assert (past.number, past.stages, past.superseded_by) == (3, before, "li.na")
        assert (past.valid_from, past.valid_until) == (long_ago, now)
        assert (method.stages_version, method.stages, method.stages_since) == (4, after, now)


class TestWithdraw:
    def test_the_default_method(self) -> None:
        with pytest.raises(DefaultMethodNeeded):
            Method(name="方法", is_default=True, active=True).withdraw()

    def test_another_method(self) -> None:
        method = Method(name="方法", is_default=False, active=True)
        method.withdraw()
        with pytest.raises(MethodWithdrawn):
            method.make_default()
