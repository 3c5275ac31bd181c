"""Random lives of grading schemes: after the walk all that is effective is of the newest (S4)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
SCHEME, OPPORTUNITIES = "/v1/grading-scheme", "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
RATED = {  # whether more is better
    "urgency": True, "importance": True, "need_difficulty": False, "competition": False,
    "customer_value": True, "customer_risk": False, "customer_activity": True,
}  # fmt: skip
REVENUE_SCORE = 60
"""Of 150,000.00 a year."""
STAGES = [
    {"code": "P", "name": "P", "planned_days": 7, "success_rate": 30, "kind": "potential"},
    {"code": "E", "name": "E", "planned_days": 7, "success_rate": 60, "kind": "effective",
     "may_return_to": ["P"]},
]  # fmt: skip
STEPS = (
    "promote", "weigh", "walk", "judge", "go_back", "walk_on", "contradict", "level", "walk_on",
    "promote", "win",
)  # fmt: skip


@dataclass(frozen=True)
class Version:
    """What of a version of the scheme decides here: revenue's weight, and where 重大 begins."""

    revenue: Decimal
    major_from: int

    def level(self, rating: int) -> tuple[str, Decimal]:
        """Level and score of what is rated alike in all respects but revenue."""
        score = self.revenue * REVENUE_SCORE + (1 - self.revenue) * 20 * rating
        first = [("major", self.major_from), ("important", 45), ("ordinary", 0)]
        return next(code for code, start in first if score >= start), score


@dataclass
class Graded:
    """An opportunity, how well it is rated, and how far it is; the grade it was closed with."""

    url: str
    rating: int
    stage: str = "E"
    closed_with: dict[str, Any] | None = None


class SchemeLife(ApiMachine):
    """Changes the scheme, and has three opportunities become effective and potential again."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world, self.loop, self.document = world, world.loop, world.document

    @initialize(ratings=st.permutations([1, 3, 5]))
    def open(self, ratings: list[int]) -> None:
        """A scheme is in force, and three opportunities are effective and rated."""
        self.versions: dict[int, Version] = {}
        self.newest, self.revenue, self.major_from = 0, Decimal("0.3"), 70
        social = {"level": "major", "kind": "social_influence"}
        self.put_in_force(rules=[social], levels=levels(70), weights=weights(self.revenue))
        self.opportunities = []
        for rating in ratings:
            expected = {"amount": "150000.00", "currency": "CNY"}
            made = self.wait(self.world.make(expected_revenue=expected))
            one = Graded(f"{OPPORTUNITIES}/{made['id']}", rating)
            self.go(one, "promote", {})
            said = {name: f"{rating if more else 6 - rating}" for name, more in RATED.items()}
            etag = self.wait(self.world.client.get(one.url)).headers["etag"]
            answer = self.wait(
                self.world.client.put(
                    f"{one.url}/assessment", json={"values": said}, headers={"If-Match": etag}
                )
            )
            assert answer.status_code == 200, answer.text
            self.opportunities.append(one)

    @rule(step=st.sampled_from(STEPS), which=st.integers(0, 2))
    def go_on(self, step: str, which: int) -> None:
        """One rule for all steps: Hypothesis leaves rules out of whole lives, not choices."""
        getattr(self, step)(which)

    def weigh(self, which: int) -> None:
        """Weights are given."""
        self.revenue = [Decimal("0.65"), Decimal("0.125"), Decimal("0.3")][which]
        self.put_in_force(weights=weights(self.revenue))

    def judge(self, which: int) -> None:
        """Weights follow from judgements: revenue is so many times as important as the others."""
        times = [9, 1, 2][which]
        self.revenue = (Decimal(times) / (times + 7)).quantize(Decimal("0.000001"))
        self.put_in_force(matrix=matrix(times))

    def contradict(self, _: int) -> None:
        """Judgements that contradict each other are refused, and the scheme stays."""
        rows = matrix(1)
        for one, other in ((0, 1), (1, 2), (2, 0)):
            rows[one][other], rows[other][one] = "9", "1/9"
        self.change({"matrix": rows}, {"judgements-inconsistent"})

    def level(self, which: int) -> None:
        """A level begins elsewhere."""
        self.major_from = [60, 50, 70][which]
        self.put_in_force(levels=levels(self.major_from))

    def walk_on(self, _: int) -> None:
        """The worker grades the next few again."""
        self.wait(self.world.work.work())

    def walk(self, _: int) -> None:
        """When the walk is over, all that is effective is graded by the newest scheme."""
        self.wait(self.world.walk())
        for one in self.opportunities:
            if one.stage == "E" and not one.closed_with:
                assert self.grade(one)["scheme_version"] == self.newest

    def promote(self, which: int) -> None:
        """What becomes effective is graded at once, by the newest scheme."""
        one = self.opportunities[which]
        if one.stage == "P" and not one.closed_with:
            self.go(one, "promote", {})
            one.stage = "E"
            assert self.grade(one)["scheme_version"] == self.newest

    def go_back(self, which: int) -> None:
        """What is potential again has no grade."""
        one = self.opportunities[which]
        if one.stage == "E" and not one.closed_with:
            self.go(one, "return-to-stage", {"to_stage": "P", "reason": "变更"})
            one.stage = "P"

    def win(self, which: int) -> None:
        """What is closed keeps its grade, whatever scheme comes; one at most, the last."""
        one = self.opportunities[2]
        if which == 2 and one.stage == "E" and not one.closed_with:
            before = self.grade(one)
            self.go(one, "win", {"closed_on": str(TODAY), "reason": "方案更优"})
            one.closed_with = {name: before[name] for name in KEPT}

    @invariant()
    def each_grade_is_of_the_version_it_names(self) -> None:
        """One grade each, as its version of the scheme says; `stale` until the walk was there."""
        if not hasattr(self, "opportunities"):
            return
        for one in self.opportunities:
            grade = self.grade(one)
            if one.closed_with:
                assert {name: grade[name] for name in KEPT} == one.closed_with
                assert not grade["stale"]
            elif one.stage == "P":
                assert (grade["level"], grade["level_score"], grade["stale"]) == (None, None, False)
            else:
                level, score = self.versions[grade["scheme_version"]].level(one.rating)
                assert grade["level"] == level, (grade, score)
                assert abs(Decimal(grade["level_score"]) - score) <= Decimal("0.01")
                assert grade["stale"] == (grade["scheme_version"] < self.newest)

    # -- how

    def put_in_force(self, **said: Any) -> None:
        self.newest = self.change(said, set())["version"]
        self.versions[self.newest] = Version(self.revenue, self.major_from)

    def change(self, said: dict[str, Any], refusals: set[str]) -> dict[str, Any]:
        before = self.wait(self.world.client.get(SCHEME))
        match = {"If-Match": before.headers["etag"]}
        answer = self.wait(self.world.client.patch(SCHEME, json=said, headers=match))
        code = self.outcome(f"PATCH {SCHEME}", answer)
        assert code in refusals if refusals else code is None, (said, answer.text)
        after: dict[str, Any] = self.wait(self.world.client.get(SCHEME)).json()
        assert (after == before.json()) if refusals else after["version"] >= self.newest
        return after

    def grade(self, one: Graded) -> dict[str, Any]:
        found: dict[str, Any] = self.wait(self.world.client.get(f"{one.url}/grade")).json()
        return found

    def go(self, one: Graded, command: str, body: dict[str, Any]) -> None:
        operation = f"POST {OPPORTUNITIES}/{{opportunity_id}}/{command}"
        response = self.wait(self.world.client.post(f"{one.url}/{command}", json=body))
        assert self.outcome(operation, response) is None, response.text


KEPT = ("level", "level_score", "scheme_version", "graded_at")


def levels(major_from: int) -> list[dict[str, Any]]:
    said = [
        ("major", "重大", major_from, 3),
        ("important", "重要", 45, 7),
        ("ordinary", "普通", 0, 15),
    ]
    return [
        {"code": code, "name": name, "name_en": code, "from_score": f"{start}",
         "handling_days": days}
        for code, name, start, days in said
    ]  # fmt: skip


def weights(revenue: Decimal) -> dict[str, str]:
    return {"predicted_revenue": f"{revenue}"} | dict.fromkeys(RATED, f"{(1 - revenue) / 7}")


def matrix(times: int) -> list[list[str]]:
    """Judgements in full agreement: revenue counts so many times as much as each of the others."""
    first = ["1", *[f"{times}"] * 7]
    return [first, *([f"1/{times}", *["1"] * 7] for _ in range(7))]


class World:
    """What a life needs around it."""

    def __init__(self, client: httpx.AsyncClient, running: RunningService, make: Make) -> None:
        self.loop = asyncio.get_running_loop()
        self.client, self.make, self.document = client, make, running.app.openapi()
        self.work = GradingWork(running.databases, "Asia/Shanghai", lambda: None, batch=2)

    async def walk(self) -> None:
        while await self.work.work():
            pass


async def test_after_the_walk_all_is_graded_by_the_newest_scheme(
    running: RunningService, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
) -> None:
    await make_method(stages=STAGES)
    world = World(client, running, make_in_progress)
    await explore(lambda: SchemeLife(world), examples=6, steps=16)
