"""Random lives of a grade at the API: it is always what the rules say of present values (S4)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kehu_kernel import clock
from kehu_kernel.testing.plugin import RunningService
from kehu_kernel.testing.stateful import ApiMachine, explore
from kehu_sales.grading.worker import GradingWork

pytestmark = pytest.mark.timeout(900)  # for a long search (KEHU_EXAMPLES)
Make = Callable[..., Awaitable[dict[str, Any]]]
SCHEME = "/v1/grading-scheme"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
RATED = {  # whether more is better
    "urgency": True, "importance": True, "need_difficulty": False, "competition": False,
    "customer_value": True, "customer_risk": False, "customer_activity": True,
}  # fmt: skip
STARTS = [0, 20_000, 50_000, 100_000, 300_000, 500_000]
LEVELS = [("major", 70, 3), ("important", 45, 7), ("ordinary", 0, 15)]
DAYS = {code: days for code, _, days in LEVELS}

STAGES = [
    {
        "code": code, "name": code, "planned_days": 7, "success_rate": 30 * place, "kind": kind,
        "may_return_to": back,
    }
    for place, (code, kind, back) in enumerate(
        [("P", "potential", []), ("E", "effective", ["P"]), ("T", "target", ["P", "E"])], start=1
    )
]  # fmt: skip

amount = st.sampled_from([0, 19_999, 99_999, 100_000, 300_000, 500_000, 500_001])
rating = st.one_of(st.none(), st.integers(0, 6))


class GradeLife(ApiMachine):
    """Changes whatever a grade rests on, in any order."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(expected=amount, far=st.sampled_from([0, 1, 1, 2]))
    def open(self, expected: int, far: int) -> None:
        """It begins in progress, with nothing assessed, by a scheme whose threshold is known."""
        self.threshold = 0
        self.put_in_force(500_000)
        made = self.wait(self.world.make(expected_revenue=cny(expected)))
        self.url, self.expected = f"/v1/opportunities/{made['id']}", expected
        self.values: dict[str, int] = {}
        self.contract: int | None = None
        self.once: int | None = None
        self.days: int | None = None
        self.social, self.handled, self.open_still = False, False, True
        self.place = 0
        for _ in range(far):
            self.promote()

    @rule(
        values=st.fixed_dictionaries(dict.fromkeys(RATED, rating)),
        full=st.booleans(),
        contract=st.one_of(st.none(), amount),
        once=st.sampled_from([None, 1, 200_000]),
        days=st.sampled_from([None, 0, 30]),
        social=st.sampled_from([False, False, True]),
        handled=st.sampled_from([None, None, 0, -1, 1]),
    )
    def assess(
        self,
        values: dict[str, int | None],
        contract: int | None,
        once: int | None,
        days: int | None,
        handled: int | None,
        *,
        full: bool,
        social: bool,
    ) -> None:
        """What is said replaces what was said; nothing off the scale, nor before or after time."""
        said = {name: one for name, one in values.items() if one is not None}
        if full:  # or there would hardly ever be a score
            said = {name: min(max(values[name] or 3, 1), 5) for name in RATED}
        body = {
            "values": {name: str(one) for name, one in said.items()},
            "contract_annual_revenue": None if contract is None else f"{contract}.00",
            "one_off_revenue": None if once is None else f"{once}.00",
            "social_influence": social,
            "handling_days": days,
            "handled_on": None if handled is None else str(TODAY + timedelta(days=handled)),
        }
        refusals = set()
        if not self.open_still:
            refusals = {"opportunity-is-closed"}
        elif not self.effective:
            refusals = {"not-effective-yet"}
        elif handled == 1:
            refusals = {"date-in-future"}
        elif handled == -1:
            refusals = {"date-before-previous"}
        elif any(not 1 <= one <= 5 for one in said.values()):
            refusals = {"value-outside-scale"}
        operation = "PUT /v1/opportunities/{opportunity_id}/assessment"
        if self.send(operation, "put", f"{self.url}/assessment", body, refusals):
            self.values, self.contract, self.once = said, contract, once
            self.days, self.social, self.handled = days, social, handled is not None

    @rule(expected=amount)
    def expect(self, expected: int) -> None:
        """Another revenue is expected."""
        refusals = set() if self.open_still else {"opportunity-is-closed"}
        body = {"expected_revenue": cny(expected)}
        operation = "PATCH /v1/opportunities/{opportunity_id}"
        if self.send(operation, "patch", self.url, body, refusals):
            self.expected = expected

    @rule(threshold=st.sampled_from([300_000, 500_000]))
    def put_in_force(self, threshold: int) -> None:
        """By another scheme all are graded again, as soon as the worker has walked there."""
        if threshold == self.threshold:
            return
        rules = [
            {"level": "major", "kind": "value_above", "indicator": "predicted_revenue",
             "value": str(threshold)},
            {"level": "major", "kind": "social_influence"},
            {"level": "ordinary", "kind": "value_below", "indicator": "predicted_revenue",
             "value": "100000"},
        ]  # fmt: skip
        etag = self.wait(self.world.client.get(SCHEME)).headers["etag"]
        changed = self.wait(
            self.world.client.patch(SCHEME, json={"rules": rules}, headers={"If-Match": etag})
        )
        assert changed.status_code == 200, changed.text
        if hasattr(self, "url"):
            grade = self.wait(self.world.client.get(f"{self.url}/grade")).json()
            assert grade["stale"] is (self.open_still and self.effective)
        self.wait(self.world.walk())
        if not hasattr(self, "url") or self.open_still:
            self.threshold = threshold

    @rule()
    def promote(self) -> None:
        """What becomes effective is graded at once."""
        if self.open_still and self.place < len(STAGES) - 1:
            self.go("promote", {})
            self.place += 1

    @rule(to=st.integers(0, 1))
    def go_back(self, to: int) -> None:
        """What is potential again has no level and nothing to be late with."""
        if self.open_still and to < self.place:
            self.go("return-to-stage", {"to_stage": STAGES[to]["code"], "reason": "变更"})
            self.place = to

    @rule(chance=st.integers(0, 5))
    def win(self, chance: int) -> None:
        """What is closed keeps its grade."""
        if chance or not self.open_still:
            return
        body = {"closed_on": str(TODAY), "reason": "方案更优"}
        won = self.wait(self.world.client.post(f"{self.url}/win", json=body))
        assert won.status_code == 200, won.text
        self.open_still = False

    @invariant()
    def the_level_is_what_the_rules_say(self) -> None:
        """Level, score, time limit and explanation all agree with the values."""
        if not hasattr(self, "open_still"):
            return
        grade = self.wait(self.world.client.get(f"{self.url}/grade")).json()
        level, score = self.expected_grade()
        assert grade["level"] == level, grade
        if level is not None:
            assert grade["level_score"] == (None if score is None else str(score))
        assert {name: int(one) for name, one in grade["values"].items()} == self.values
        assert grade["stale"] is False
        if self.open_still:
            assert grade["handle_by_on"] == self.expected_limit(level)

    # -- the rules, once more

    @property
    def effective(self) -> bool:
        return self.place > 0

    def expected_grade(self) -> tuple[str | None, Decimal | None]:
        if not self.effective:
            return None, None
        contract = self.expected if self.contract is None else self.contract
        revenue = contract + (self.once or 0)
        score = None
        if len(self.values) == len(RATED) and revenue:
            scores = [20 * max(n for n, start in enumerate(STARTS) if revenue >= start)]
            for name, better in RATED.items():
                scores.append(20 * self.values[name] if better else 120 - 20 * self.values[name])
            score = (Decimal(sum(scores)) / 8).quantize(Decimal("0.01"))
        if revenue > self.threshold or self.social:
            return "major", score
        if revenue and revenue < 100_000:
            return "ordinary", score
        if score is None:
            return None, None
        return next(code for code, start, _ in LEVELS if score >= start), score

    def expected_limit(self, level: str | None) -> str | None:
        if level is None or self.handled:
            return None
        days = DAYS[level] if self.days is None else self.days
        return str(date.fromordinal(TODAY.toordinal() + days))

    # -- how

    def go(self, command: str, body: dict[str, Any]) -> None:
        operation = f"POST /v1/opportunities/{{opportunity_id}}/{command}"
        response = self.wait(self.world.client.post(f"{self.url}/{command}", json=body))
        assert self.outcome(operation, response) is None, response.text

    def send(self, operation: str, method: str, url: str, body: Any, refusals: set[str]) -> bool:
        etag = self.wait(self.world.client.get(self.url)).headers["etag"]
        response = self.wait(
            self.world.client.request(method, url, json=body, headers={"If-Match": etag})
        )
        code = self.outcome(operation, response)
        assert code in refusals if refusals else code is None, (operation, code, refusals)
        return code is None


def cny(value: int) -> dict[str, str]:
    return {"amount": f"{value}.00", "currency": "CNY"}


class World:
    """What a life needs around it."""

    def __init__(self, client: httpx.AsyncClient, running: RunningService, make: Make) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.make, self.document = client, make, running.app.openapi()
        self.work = GradingWork(running.databases, "Asia/Shanghai", lambda: None, batch=2)

    async def walk(self) -> None:
        while await self.work.work():
            pass


async def test_whatever_changes_in_whatever_order(
    running: RunningService, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
) -> None:
    await make_method(stages=STAGES)
    world = World(client, running, make_in_progress)
    await explore(lambda: GradeLife(world), examples=8, steps=14)
