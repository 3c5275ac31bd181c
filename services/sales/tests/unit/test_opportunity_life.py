"""Random lives of an opportunity, against a model of what may follow what."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kehu_kernel.errors import DomainError
from kehu_sales.methods.stages import Conditions, Kind, Stage
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.promotion import Recorded
from kehu_sales.opportunities.words import Confirmation, Result, Status

DAY = date(2026, 3, 2)


def stage(code: str, rate: int, **conditions: Any) -> Stage:
    """Return a stage with the given promotion conditions."""
    return Stage(code, code, 7, rate, Conditions(**conditions))


STAGES = (
    stage("a", 10),
    stage("b", 20, control="remind", activities=1),
    replace(stage("c", 30, control="strict", quotes=1), skippable=False, may_return_to=("a",)),
    replace(stage("d", 80), may_return_to=("a", "b")),
    replace(stage("e", 100), kind=Kind.SUCCESSFUL),
)
CODES = [stage.code for stage in STAGES]
SHORTER = (stage("b", 20), stage("d", 90))
"""Another version of the method."""
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
            method_id=uuid4(),
            method_version=1,
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
        self.stages = STAGES
        self.confirmed = self.ever_pooled = False

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
            self.stages = STAGES

    @rule(
        days=days,
        jump=st.integers(0, 4),
        quotes=st.integers(0, 1),
        confirmed=st.booleans(),
        overridden=st.booleans(),
    )
    def promote(self, days: int, jump: int, quotes: int, confirmed: bool, overridden: bool) -> None:
        here = self.position or 1
        target = here + jump
        code = self.stages[target - 1].code if target <= len(self.stages) else "beyond"
        left = {stage.code for stage in self.stages[here - 1 : target - 1]}
        controls = {one.conditions.control for one in self.stages if one.code in left}
        skipped = self.stages[here : target - 1]
        expected = (
            self.status is Status.IN_PROGRESS
            and days >= 0
            and jump > 0
            and target <= len(self.stages)
            and code != "e"  # entered by winning only
            and all(stage.skippable for stage in skipped)
            and (overridden or "remind" not in controls or confirmed)
            and (overridden or "strict" not in controls or quotes > 0)
        )
        step = lambda: self.made.promote(  # noqa: E731 - a step to attempt
            self.day(days),
            to_stage=code,
            stages=self.stages,
            recorded={"c": Recorded(quotes=quotes)},
            confirmed=confirmed,
            overridden=overridden,
        )
        if self.attempt(expected, step):
            self.position, self.today = target, self.day(days)

    @rule(days=days, code=st.sampled_from(CODES))
    def return_to_stage(self, days: int, code: str) -> None:
        allowed = self.stages[self.position - 1].may_return_to if self.position else ()
        expected = self.status is Status.IN_PROGRESS and days >= 0 and code in allowed
        step = lambda: self.made.return_to_stage(self.day(days), code, self.stages)  # noqa: E731
        if self.attempt(expected, step):
            self.position, self.today = CODES.index(code) + 1, self.day(days)

    @rule(
        days=days,
        named=st.sampled_from([None, *CODES, "beyond"]),
        quotes=st.integers(0, 1),
        confirmed=st.booleans(),
        overridden=st.booleans(),
    )
    def follow_another_version(
        self, days: int, named: str | None, quotes: int, confirmed: bool, overridden: bool
    ) -> None:
        stages = SHORTER if self.stages is STAGES else STAGES
        codes = [stage.code for stage in stages]
        code = named or (self.stages[self.position - 1].code if self.position else None)
        expected = self.status is Status.IN_PROGRESS and days >= 0 and code in codes and code != "e"
        if expected and not overridden:
            expected = self.gets_there(code, stages, quotes=quotes, confirmed=confirmed)
        step = lambda: self.made.follow(  # noqa: E731
            self.day(days),
            method_id=uuid4(),
            version=2,
            stages=stages,
            to_stage=named,
            recorded={"c": Recorded(quotes=quotes)},
            confirmed=confirmed,
            overridden=overridden,
        )
        if self.attempt(expected, step):
            assert code is not None
            self.stages, self.position, self.today = stages, codes.index(code) + 1, self.day(days)

    def gets_there(
        self, code: str | None, stages: tuple[Stage, ...], *, quotes: int, confirmed: bool
    ) -> bool:
        """Whether a stage of another version can be gone to from that of the same code, or place.

        By returns and promotions, as within that version.
        """
        assert self.position is not None
        codes = [stage.code for stage in stages if stage.code != "e"]
        same = self.stages[self.position - 1].code
        here = codes.index(same) if same in codes else min(self.position, len(codes)) - 1
        there = codes.index(code or same)
        if there < here:
            return codes[there] in stages[here].may_return_to
        passed = codes[here:there]
        return (
            "c" not in codes[here + 1 : there]
            and ("b" not in passed or stages is SHORTER or confirmed)
            and ("c" not in passed or quotes > 0)
        )

    @rule(days=days)
    def confirm(self, days: int) -> None:
        on = DAY + timedelta(days=days)
        expected = self.status not in (*OVER, Status.POOLED) and not self.confirmed and on >= DAY
        if self.attempt(expected, lambda: self.made.confirm(on, Confirmation.FORMAL_REQUEST)):
            self.confirmed = True

    @rule(days=days)
    def return_to_pool(self, days: int) -> None:
        expected = self.status not in (Status.WON, Status.POOLED) and days >= 0
        if self.attempt(expected, lambda: self.made.return_to_pool(self.day(days))):
            self.status, self.today, self.position = Status.POOLED, self.day(days), None
            self.confirmed = False

    @rule(days=days)
    def take_up(self, days: int) -> None:
        expected = self.status is Status.POOLED and days >= 0
        if self.attempt(expected, lambda: self.made.take_up(self.day(days), uuid4(), None)):
            self.status, self.today = Status.NOT_EVALUATED, self.day(days)

    @rule()
    def name_customer(self) -> None:
        if self.status not in OVER:
            self.made.customer_id = uuid4()

    @rule(days=days)
    def win(self, days: int) -> None:
        expected = (
            self.status is Status.IN_PROGRESS and days >= 0 and self.made.customer_id is not None
        )
        step = lambda: self.made.win(self.day(days), "赢", None, self.stages)  # noqa: E731
        if self.attempt(expected, step):
            self.status, self.today = Status.WON, self.day(days)
            if self.stages[-1].closing:
                self.position = len(self.stages)

    @rule(days=days, competitor=st.sampled_from([None, "神州数码"]), none_known=st.booleans())
    def lose(self, days: int, competitor: str | None, none_known: bool) -> None:
        told = (competitor is not None) != none_known
        known_before = competitor is None and not none_known and self.made.competitor is not None
        expected = self.status is Status.IN_PROGRESS and days >= 0 and (told or known_before)
        step = lambda: self.made.lose(  # noqa: E731
            self.day(days), "输", competitor=competitor, none_known=none_known
        )
        if self.attempt(expected, step):
            self.status, self.today = Status.LOST, self.day(days)

    @invariant()
    def is_where_the_model_is(self) -> None:
        assert self.made.status == self.status
        assert self.made.stage_position == self.position
        assert self.made.last_step_on == self.today
        assert (self.made.evaluator_id is None) is (self.status is not Status.IN_EVALUATION)
        assert (self.made.won_amount is None) is (self.status is not Status.WON)
        assert (self.made.closed_on is None) is (self.status not in (Status.WON, Status.LOST))
        assert (self.made.stage_due_on is None) is (self.position is None)
        assert (self.made.confirmed_on is not None) is self.confirmed

    @invariant()
    def is_of_one_kind_that_its_state_allows(self) -> None:
        kind = self.made.kind
        assert (kind is Kind.SUCCESSFUL) is (self.status is Status.WON)
        if self.status in (Status.LOST, Status.EVALUATION_FAILED, Status.POOLED):
            assert kind is Kind.POTENTIAL
        elif self.confirmed:
            assert kind is not Kind.POTENTIAL


TestOpportunityLife = OpportunityLife.TestCase
TestOpportunityLife.settings = settings(max_examples=200, stateful_step_count=25, deadline=None)
