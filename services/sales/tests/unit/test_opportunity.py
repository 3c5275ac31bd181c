from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from kehu_contracts.money import Money
from kehu_kernel.business_day import DateBeforePrevious
from kehu_sales.lines import MixedCurrencies
from kehu_sales.methods.stages import Conditions, Stage
from kehu_sales.opportunities.errors import (
    CustomerNeeded,
    EvaluationHasFailed,
    LastStage,
    NextEvaluatorMissing,
    NextEvaluatorNotWanted,
    NotALaterStage,
    NotAwaitingSubmission,
    NotInEvaluation,
    NotInProgress,
    NotTheEvaluator,
    OpportunityIsClosed,
    PromotionConditionsUnmet,
)
from kehu_sales.opportunities.models import EVALUATE_SCOPE, Opportunity
from kehu_sales.opportunities.words import Result, Status

DAY = date(2026, 3, 2)
NEXT_DAY = DAY + timedelta(days=1)
DAY_BEFORE = DAY - timedelta(days=1)
NOBODY: frozenset[str] = frozenset()

STAGES = (
    Stage("understand", "了解情况", planned_days=7, success_rate=10),
    Stage("pre-study", "预研", planned_days=14, success_rate=30),
    Stage("sign", "签约", planned_days=10, success_rate=90),
)


def stage(code: str, rate: int, **conditions: Any) -> Stage:
    """Return a stage with the given promotion conditions."""
    return Stage(code, code, 7, rate, Conditions(**conditions))


def opportunity(**fields: Any) -> Opportunity:
    """Return an opportunity that is not evaluated yet, with a customer, opened on `DAY`."""
    known: dict[str, Any] = {
        "id": uuid4(),
        "number": "OPP-2026-000001",
        "topic": "工作站更新",
        "customer_id": uuid4(),
        "method_id": uuid4(),
        "status": Status.NOT_EVALUATED,
        "evaluation_round": 0,
        "expected_revenue": Decimal("5000.00"),
        "currency": "CNY",
        "lines": (),
        "opened_on": DAY,
        "last_step_on": DAY,
    }
    return Opportunity(**known | fields)


def in_evaluation(**fields: Any) -> Opportunity:
    """Return an opportunity that was submitted on the day it was opened."""
    made = opportunity(**fields)
    made.submit(uuid4(), DAY)
    return made


def in_progress(stages: tuple[Stage, ...] = STAGES, **fields: Any) -> Opportunity:
    """Return an opportunity in the first of the stages, since the day it was opened."""
    made = in_evaluation(**fields)
    made.evaluate(Result.PASS, DAY, next_evaluator_id=None, stages=stages)
    return made


def promote(made: Opportunity, on: date = DAY, to_stage: str | None = None) -> None:
    made.promote(on, to_stage=to_stage, stages=STAGES, recorded={}, confirmed=False)


class TestSubmit:
    def test_names_the_evaluator(self) -> None:
        made, evaluator = opportunity(), uuid4()
        made.submit(evaluator, NEXT_DAY)
        assert (made.status, made.evaluator_id) == (Status.IN_EVALUATION, evaluator)
        assert (made.last_step_on, made.evaluation_round) == (NEXT_DAY, 1)

    def test_twice(self) -> None:
        with pytest.raises(NotAwaitingSubmission):
            in_evaluation().submit(uuid4(), DAY)

    def test_before_it_was_opened(self) -> None:
        with pytest.raises(DateBeforePrevious):
            opportunity().submit(uuid4(), DAY_BEFORE)


class TestRounds:
    def test_one_that_ends_in_the_pool_without_a_decision_is_none(self) -> None:
        made = in_evaluation()
        made.return_to_pool(DAY)
        made.take_up(DAY, uuid4(), None)
        made.submit(uuid4(), DAY)
        assert made.evaluation_round == 1


class TestEvaluate:
    def test_pass_enters_the_first_stage(self) -> None:
        made = in_evaluation()
        made.evaluate(Result.PASS, NEXT_DAY, next_evaluator_id=None, stages=STAGES)
        assert (made.status, made.evaluator_id) == (Status.IN_PROGRESS, None)
        assert (made.stage_code, made.stage_position) == ("understand", 1)
        assert (made.success_rate, made.stage_entered_on) == (10, NEXT_DAY)

    def test_pass_to_next_stays_in_evaluation_with_the_next_evaluator(self) -> None:
        made, following = in_evaluation(), uuid4()
        made.evaluate(Result.PASS_TO_NEXT, DAY, next_evaluator_id=following, stages=STAGES)
        assert (made.status, made.evaluator_id) == (Status.IN_EVALUATION, following)
        assert made.evaluation_round == 2

    def test_pass_to_next_without_naming_anybody(self) -> None:
        with pytest.raises(NextEvaluatorMissing):
            in_evaluation().evaluate(
                Result.PASS_TO_NEXT, DAY, next_evaluator_id=None, stages=STAGES
            )

    @pytest.mark.parametrize("result", [Result.PASS, Result.REJECT, Result.FAIL])
    def test_only_pass_to_next_names_anybody(self, result: Result) -> None:
        with pytest.raises(NextEvaluatorNotWanted):
            in_evaluation().evaluate(result, DAY, next_evaluator_id=uuid4(), stages=STAGES)

    def test_reject_gives_it_back_to_be_submitted_again(self) -> None:
        made = in_evaluation()
        made.evaluate(Result.REJECT, DAY, next_evaluator_id=None, stages=STAGES)
        assert (made.status, made.evaluator_id) == (Status.NOT_EVALUATED, None)
        made.submit(uuid4(), DAY)
        assert made.evaluation_round == 2

    def test_fail_ends_everything(self) -> None:
        made = in_evaluation()
        made.evaluate(Result.FAIL, DAY, next_evaluator_id=None, stages=STAGES)
        with pytest.raises(EvaluationHasFailed):
            made.submit(uuid4(), DAY)
        with pytest.raises(EvaluationHasFailed):
            promote(made)
        with pytest.raises(EvaluationHasFailed):
            made.win(DAY, "赢", None)
        with pytest.raises(EvaluationHasFailed):
            made.lose(DAY, "输", none_known=True)

    def test_of_one_that_was_not_submitted(self) -> None:
        with pytest.raises(NotInEvaluation):
            opportunity().evaluate(Result.PASS, DAY, next_evaluator_id=None, stages=STAGES)

    def test_before_it_was_submitted(self) -> None:
        with pytest.raises(DateBeforePrevious):
            in_evaluation().evaluate(Result.PASS, DAY_BEFORE, next_evaluator_id=None, stages=STAGES)


class TestEvaluator:
    def test_may_decide(self) -> None:
        made = in_evaluation()
        made.require_evaluator(made.evaluator_id, NOBODY)

    def test_may_be_replaced_by_a_holder_of_the_scope(self) -> None:
        in_evaluation().require_evaluator(None, frozenset({EVALUATE_SCOPE}))

    def test_nobody_else_may_decide(self) -> None:
        for somebody in (uuid4(), None):
            with pytest.raises(NotTheEvaluator):
                in_evaluation().require_evaluator(somebody, NOBODY)


class TestPromote:
    def test_to_the_next_stage(self) -> None:
        made = in_progress()
        promote(made, NEXT_DAY)
        assert (made.stage_code, made.stage_position, made.success_rate) == ("pre-study", 2, 30)
        assert made.stage_entered_on == NEXT_DAY

    def test_to_a_later_stage(self) -> None:
        made = in_progress()
        promote(made, to_stage="sign")
        assert made.stage_position == 3

    @pytest.mark.parametrize("code", ["understand", "unheard-of"])
    def test_to_a_stage_that_is_not_later(self, code: str) -> None:
        with pytest.raises(NotALaterStage):
            promote(in_progress(), to_stage=code)

    def test_beyond_the_last_stage(self) -> None:
        made = in_progress()
        promote(made, to_stage="sign")
        with pytest.raises(LastStage):
            promote(made)

    def test_before_the_stage_was_entered(self) -> None:
        made = in_progress()
        with pytest.raises(DateBeforePrevious):
            promote(made, DAY_BEFORE)
        assert made.stage_position == 1

    def test_a_strict_stage_cannot_be_jumped_over(self) -> None:
        stages = (stage("a", 10), stage("b", 20, control="strict", quotes=1), stage("c", 30))
        made = in_progress(stages)
        with pytest.raises(PromotionConditionsUnmet):
            made.promote(DAY, to_stage="c", stages=stages, recorded={}, confirmed=True)
        made.promote(DAY, to_stage="b", stages=stages, recorded={}, confirmed=False)

    @pytest.mark.parametrize("made", [opportunity(), in_evaluation()], ids=lambda o: o.status)
    def test_before_it_passed(self, made: Opportunity) -> None:
        with pytest.raises(NotInProgress):
            promote(made)


class TestWin:
    def test_for_the_expected_revenue_unless_another_amount_was_agreed(self) -> None:
        made = in_progress()
        made.win(NEXT_DAY, "方案优", None)
        assert (made.status, made.won_amount) == (Status.WON, Decimal("5000.00"))
        assert (made.closed_on, made.close_reason) == (NEXT_DAY, "方案优")

    def test_for_another_amount(self) -> None:
        made = in_progress()
        made.win(DAY, "方案优", Money(amount=Decimal("4514.00"), currency="CNY"))
        assert made.agreed == Money(amount=Decimal("4514.00"), currency="CNY")
        assert made.revenue == Money(amount=Decimal("5000.00"), currency="CNY")

    def test_in_another_currency(self) -> None:
        made = in_progress()
        with pytest.raises(MixedCurrencies):
            made.win(DAY, "方案优", Money(amount=Decimal(1), currency="USD"))
        assert made.status == Status.IN_PROGRESS

    def test_without_a_customer(self) -> None:
        with pytest.raises(CustomerNeeded):
            in_progress(customer_id=None).win(DAY, "方案优", None)

    def test_before_the_stage_was_entered(self) -> None:
        made = in_progress()
        with pytest.raises(DateBeforePrevious):
            made.win(DAY_BEFORE, "方案优", None)
        assert (made.status, made.won_amount) == (Status.IN_PROGRESS, None)

    def test_before_it_passed(self) -> None:
        with pytest.raises(NotInProgress):
            in_evaluation().win(DAY, "方案优", None)


class TestLose:
    def test_without_a_customer(self) -> None:
        made = in_progress(customer_id=None)
        made.lose(DAY, "价格过高", none_known=True)
        assert (made.status, made.close_reason) == (Status.LOST, "价格过高")
        assert made.won_amount is None

    def test_is_final_as_winning_is(self) -> None:
        won, lost = in_progress(), in_progress()
        won.win(DAY, "方案优", None)
        lost.lose(DAY, "价格过高", none_known=True)
        for made in (won, lost):
            with pytest.raises(OpportunityIsClosed):
                made.win(DAY, "再来", None)
            with pytest.raises(OpportunityIsClosed):
                made.lose(DAY, "再来", none_known=True)
            with pytest.raises(OpportunityIsClosed):
                promote(made)
