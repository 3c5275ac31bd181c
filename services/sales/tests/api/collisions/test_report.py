"""The report of collisions, its filters and counts, and the rules of the tenant."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Login = Callable[[str, str], httpx.AsyncClient]
PATH = "/v1/collisions"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
FANG, LEI = str(UUID(int=71)), str(UUID(int=72))
EAST, WEST = str(UUID(int=81)), str(UUID(int=82))


class TestReport:
    async def test_counts_by_department(
        self, client: httpx.AsyncClient, login: Login, directory: None, collision: dict[str, Any]
    ) -> None:
        counted = (await client.get("/v1/collision-counts")).json()["items"]
        assert {(one["name"], one["state"], one["number"]) for one in counted} == {
            ("华东销售部", "open", 1), ("华西销售部", "open", 1)
        }  # fmt: skip
        (mine,) = (await login(FANG, "own").get("/v1/collision-counts")).json()["items"]
        assert mine["name"] == "华东销售部"
        later = {"found_from": str(TODAY + timedelta(days=1))}
        assert (await client.get("/v1/collision-counts", params=later)).json()["items"] == []
        wrong = await client.get(
            "/v1/collision-counts", params={"found_from": "2026-02-01", "found_to": "2026-01-01"}
        )
        assert wrong.json()["code"] == "period-reversed"

    async def test_filters(
        self, client: httpx.AsyncClient, collision: dict[str, Any], pair: list[dict[str, Any]]
    ) -> None:
        for name, value in {
            "state": "open",
            "relation": "same",
            "opportunity_id": pair[0]["id"],
            "owner_id": LEI,
            "department_id": EAST,
            "customer_id": pair[0]["customer_id"],
        }.items():
            listed = (await client.get(PATH, params={name: value})).json()["items"]
            assert [one["id"] for one in listed] == [collision["id"]], name
        for name, value in {"state": "claimed", "owner_id": str(uuid4())}.items():
            assert (await client.get(PATH, params={name: value})).json()["items"] == [], name

    async def test_a_page_costs_the_same_however_long(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        database: Database,
    ) -> None:
        counts = []
        for _ in range(2):
            with count_queries(database) as seen:
                await client.get(PATH)
            counts.append(len(seen.statements))
            await make_opportunity(customer_id=pair[0]["customer_id"], owner_id=str(uuid4()))
        assert counts[0] == counts[1]


async def test_a_first_decision_keeps_the_rest_of_the_defaults(
    client: httpx.AsyncClient, decide: Callable[..., Awaitable[None]], problem: ProblemOf
) -> None:
    await decide(within_days=None, relations=["same"])
    policy = (await client.get("/v1/collision-policy")).json()
    assert policy == {
        "version": 1, "at_entry": "remind", "relations": ["same"], "by_category": True,
        "without_lines": True, "within_days": None, "across_departments": False,
        "answer_days": 5, "on_yield": "hand_over", "on_no_answer": "wait",
    }  # fmt: skip
    stale = await client.patch(
        "/v1/collision-policy", json={"answer_days": 3}, headers={"If-Match": '"0"'}
    )
    assert problem(stale) == (412, "version-conflict")
