from typing import Any

import pytest

from kehu_sales.methods.models import Conditions, Stage
from kehu_sales.opportunities.errors import PromotionConditionsUnmet, PromotionReminder
from kehu_sales.opportunities.promotion import Recorded, conditions_of, require_met


def stage(code: str, rate: int, **conditions: Any) -> Stage:
    """Return a stage with the given promotion conditions."""
    return Stage(code, code, 7, rate, Conditions(**conditions))


STRICT = stage("bid", 70, control="strict", activities=2, quotes=1)
REMIND = stage("pre-study", 30, control="remind", tasks=1)
FREE = stage("sign", 90, control="none", activities=5)


class TestConditions:
    def test_of_a_strict_stage(self) -> None:
        activities, quotes = conditions_of([STRICT], {"bid": Recorded(activities=3)})
        assert (activities.required, activities.actual, activities.met) == (2, 3, True)
        assert (quotes.required, quotes.actual, quotes.met) == (1, 0, False)

    def test_of_a_free_stage_there_are_none(self) -> None:
        assert conditions_of([FREE], {}) == ()

    def test_count_what_was_recorded_in_that_stage_only(self) -> None:
        (tasks,) = conditions_of([REMIND], {"bid": Recorded(tasks=4)})
        assert (tasks.actual, tasks.met) == (0, False)


class TestRequireMet:
    @pytest.mark.parametrize("confirmed", [True, False])
    def test_strict_ones_cannot_be_confirmed_away(self, confirmed: bool) -> None:
        with pytest.raises(PromotionConditionsUnmet) as failure:
            require_met(conditions_of([STRICT], {}), confirmed=confirmed)
        assert failure.value.extra["conditions"][1] == {
            "stage_code": "bid",
            "control": "strict",
            "kind": "quotes",
            "required": 1,
            "actual": 0,
            "met": False,
        }

    def test_reminders_want_to_be_confirmed(self) -> None:
        conditions = conditions_of([REMIND], {})
        with pytest.raises(PromotionReminder):
            require_met(conditions, confirmed=False)
        require_met(conditions, confirmed=True)

    def test_strict_ones_go_before_reminders(self) -> None:
        with pytest.raises(PromotionConditionsUnmet):
            require_met(conditions_of([REMIND, STRICT], {}), confirmed=True)

    def test_when_everything_is_there(self) -> None:
        recorded = {"bid": Recorded(activities=2, quotes=1), "pre-study": Recorded(tasks=1)}
        require_met(conditions_of([STRICT, REMIND, FREE], recorded), confirmed=False)
