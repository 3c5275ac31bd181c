"""Random lives of an opportunity, against a model of what may follow what."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kehu_kernel.errors import DomainError
from kehu_sales.methods.stages import Conditions, Stage
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.words import Result, Status

DAY = date(2026, 3, 2)


def stage(code: str, rate: int, **conditions: Any) -> Stage:
    """Return a stage with the given promotion conditions."""
    return Stage(code, code, 7, rate, Conditions(**conditions))


STAGES = (
    stage("a", 10),
    stage("b", 20, control="remind", activities=1),
    stage("c", 30, control="strict", quotes=1),
    stage("d", 90),
)
DECISIONS = (
    *[(Result.PASS, False)] * 4,  # most lives should go on
    (Result.PASS_TO_NEXT, True),
    (Result.REJECT, False),
    (Result.FAIL, False),
    (Result.PASS_TO_NEXT, False),
    (Result.PASS, True),
)
OVER = (Status.WON, Status.LOST, Status.EVALUATION_FAILED)
days = st.integers(-1, 3)


class OpportunityLife(RuleBasedStateMachine):
    """Tries any step at any time: it is done as the model expects, or changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.made = Opportunity(
            number="OPP-2026-000001",
            status=Status.NOT_EVALUATED,
            evaluation_round=0,
            expected_revenue=Decimal(5000),
            currency="CNY",
            opened_on=DAY,
            last_step_on=DAY,
        )
        self.status: Status = Status.NOT_EVALUATED
        self.position: int | None = None
        self.today: date = DAY

    def attempt(self, expected: bool, step: Any) -> bool:
        before = self.facts()
        try:
            step()
        except DomainError:
            assert not expected
            assert self.facts() == before, "a refused step changed something"
            return False
        assert expected
        return True

    def facts(self) -> dict[str, Any]:
        names = Opportunity.__mapper__.column_attrs.keys()
        return {name: getattr(self.made, name) for name in names}

    def day(self, days: int) -> date:
        return self.today + timedelta(days=days)

    @rule(days=days)
    def submit(self, days: int) -> None:
        expected = self.status is Status.NOT_EVALUATED and days >= 0
        if self.attempt(expected, lambda: self.made.submit(uuid4(), self.day(days))):
            self.status, self.today = Status.IN_EVALUATION, self.day(days)

    @rule(days=days, decision=st.sampled_from(DECISIONS))
    def evaluate(self, days: int, decision: tuple[Result, bool]) -> None:
        result, named = decision
        expected = (
            self.status is Status.IN_EVALUATION
            and days >= 0
            and named is (result is Result.PASS_TO_NEXT)
        )
        someone = uuid4() if named else None
        step = lambda: self.made.evaluate(  # noqa: E731 - a step to attempt
            result, self.day(days), next_evaluator_id=someone, stages=STAGES
        )
        if self.attempt(expected, step):
            self.today = self.day(days)
            self.status = {
                Result.PASS: Status.IN_PROGRESS,
                Result.PASS_TO_NEXT: Status.IN_EVALUATION,
                Result.REJECT: Status.NOT_EVALUATED,
                Result.FAIL: Status.EVALUATION_FAILED,
            }[result]
            self.position = 1 if result is Result.PASS else None

    @rule(days=days, jump=st.integers(0, 4), quotes=st.integers(0, 1), confirmed=st.booleans())
    def promote(self, days: int, jump: int, quotes: int, confirmed: bool) -> None:
        here = self.position or 1
        target = here + jump
        left = set(range(here, target))
        expected = (
            self.status is Status.IN_PROGRESS
            and days >= 0
            and jump > 0
            and target <= len(STAGES)
            and (2 not in left or confirmed)
            and (3 not in left or quotes > 0)
        )
        code = STAGES[target - 1].code if target <= len(STAGES) else "beyond"
        step = lambda: self.made.promote(  # noqa: E731 - a step to attempt
            self.day(days),
            to_stage=code,
            stages=STAGES,
            recorded={"c": Recorded(quotes=quotes)},
            confirmed=confirmed,
        )
        if self.attempt(expected, step):
            self.position, self.today = target, self.day(days)

    @rule()
    def name_customer(self) -> None:
        if self.status not in OVER:
            self.made.customer_id = uuid4()

    @rule(days=days)
    def win(self, days: int) -> None:
        expected = (
            self.status is Status.IN_PROGRESS and days >= 0 and self.made.customer_id is not None
        )
        if self.attempt(expected, lambda: self.made.win(self.day(days), "赢", None)):
            self.status, self.today = Status.WON, self.day(days)

    @rule(days=days)
    def lose(self, days: int) -> None:
        expected = self.status is Status.IN_PROGRESS and days >= 0
        if self.attempt(expected, lambda: self.made.lose(self.day(days), "输")):
            self.status, self.today = Status.LOST, self.day(days)

    @invariant()
    def is_where_the_model_is(self) -> None:
        assert self.made.status == self.status
        assert self.made.stage_position == self.position
        assert self.made.last_step_on == self.today
        assert (self.made.evaluator_id is None) is (self.status is not Status.IN_EVALUATION)
        assert (self.made.won_amount is None) is (self.status is not Status.WON)


TestOpportunityLife = OpportunityLife.TestCase
TestOpportunityLife.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
