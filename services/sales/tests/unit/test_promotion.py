from typing import Any

import pytest

from kehu_sales.approvals.models import DocumentKind
from kehu_sales.methods.schemas import GATE_DOCUMENTS
from kehu_sales.methods.stages import BuyingRole, Conditions, Fact, Stage
from kehu_sales.opportunities.condition_texts import LABELS
from kehu_sales.opportunities.errors import PromotionConditionsUnmet, PromotionReminder
from kehu_sales.opportunities.promotion import (
    COUNTED,
    Evidence,
    Recorded,
    conditions_of,
    require_met,
)


def stage(code: str, rate: int, **conditions: Any) -> Stage:
    """Return a stage with the given promotion conditions."""
    return Stage(code, code, 7, rate, Conditions(**conditions))


STRICT = stage("bid", 70, control="strict", activities=2, quotes=1)
REMIND = stage("pre-study", 30, control="remind", tasks=1)
FREE = stage("sign", 90, control="none", activities=5)


class TestConditions:
    def test_of_a_strict_stage(self) -> None:
        activities, quotes = conditions_of([STRICT], Evidence({"bid": Recorded(activities=3)}))
        assert (activities.required, activities.actual, activities.met) == (2, 3, True)
        assert (quotes.required, quotes.actual, quotes.met) == (1, 0, False)

    def test_of_a_free_stage_there_are_none(self) -> None:
        assert conditions_of([FREE], Evidence({})) == ()

    def test_count_what_was_recorded_in_that_stage_only(self) -> None:
        (tasks,) = conditions_of([REMIND], Evidence({"bid": Recorded(tasks=4)}))
        assert (tasks.actual, tasks.met) == (0, False)

    def test_of_fields_and_roles(self) -> None:
        asks = stage(
            "p2", 30, control="strict", visits=2,
            required_fields=(Fact.NEED, Fact.COMPETITOR), roles=(BuyingRole.DECISION_MAKER,),
        )  # fmt: skip
        evidence = Evidence({"p2": Recorded(activities=5, visits=1)}, {Fact.NEED})
        assert [
            (one.kind, one.item, one.actual, one.required, one.met)
            for one in conditions_of([asks], evidence)
        ] == [
            ("visits", None, 1, 2, False),
            ("required_field", "need", 1, 1, True),
            ("required_field", "competitor", 0, 1, False),
            ("role", "decision_maker", 0, 1, False),
        ]

    def test_of_kinds_of_documents(self) -> None:
        asks = stage("p4", 80, control="strict", approved_documents=(DocumentKind.CONTRACT,))
        for approved, met in (([DocumentKind.QUOTE], False), ([DocumentKind.CONTRACT], True)):
            evidence = Evidence({"p4": Recorded(approvals=1, approved=approved)})
            (contract,) = conditions_of([asks], evidence)
            assert (contract.item, contract.met) == ("contract", met)
            assert contract.zh == "p4：须有已审核的合同。"

    @pytest.mark.parametrize("item", [*COUNTED, *Fact, *BuyingRole, *GATE_DOCUMENTS])
    def test_are_named_in_words(self, item: str) -> None:
        assert all(LABELS[item])


class TestRequireMet:
    @pytest.mark.parametrize("confirmed", [True, False])
    def test_strict_ones_cannot_be_confirmed_away(self, confirmed: bool) -> None:
        with pytest.raises(PromotionConditionsUnmet) as failure:
            require_met(conditions_of([STRICT], Evidence({})), confirmed=confirmed)
        assert failure.value.extra["conditions"][1] == {
            "stage_code": "bid",
            "control": "strict",
            "kind": "quotes",
            "item": None,
            "required": 1,
            "actual": 0,
            "met": False,
            "en": "bid: quotes: 1 needed, 0 there.",
            "zh": "bid：报价单须有 1 个，现有 0 个。",
        }

    def test_reminders_want_to_be_confirmed(self) -> None:
        conditions = conditions_of([REMIND], Evidence({}))
        with pytest.raises(PromotionReminder):
            require_met(conditions, confirmed=False)
        require_met(conditions, confirmed=True)

    def test_strict_ones_go_before_reminders(self) -> None:
        with pytest.raises(PromotionConditionsUnmet):
            require_met(conditions_of([REMIND, STRICT], Evidence({})), confirmed=True)

    def test_overridden_they_are_passed_over_and_said_to_be(self) -> None:
        conditions = conditions_of([REMIND, STRICT], Evidence({}))
        assert require_met(conditions, confirmed=False, overridden=True) is True

    def test_an_override_of_nothing_is_none(self) -> None:
        recorded = {"bid": Recorded(activities=2, quotes=1)}
        conditions = conditions_of([STRICT], Evidence(recorded))
        assert require_met(conditions, confirmed=False, overridden=True) is False

    def test_every_unmet_one_is_listed(self) -> None:
        with pytest.raises(PromotionConditionsUnmet) as failure:
            require_met(conditions_of([STRICT], Evidence({})), confirmed=False)
        assert [one["kind"] for one in failure.value.extra["unmet"]] == ["activities", "quotes"]

    def test_when_everything_is_there(self) -> None:
        recorded = {"bid": Recorded(activities=2, quotes=1), "pre-study": Recorded(tasks=1)}
        require_met(conditions_of([STRICT, REMIND, FREE], Evidence(recorded)), confirmed=False)
