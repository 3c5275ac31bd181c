"""Commands that meet: one wins, the other is told, and no rule is broken between them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx

from kehu_kernel import clock
from kehu_kernel.context import Actor, Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_sales.opportunities import service as opportunities
from kehu_sales.opportunities.models import EVALUATE_SCOPE
from kehu_sales.opportunities.schemas import (
    OpportunityEvaluation,
    OpportunityLoss,
)
from kehu_sales.opportunities.words import Result

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
CLOSE = {"closed_on": str(TODAY), "reason": "理由"}
BODY = {"win": CLOSE, "lose": CLOSE | {"competitor_unknown": True}}


def statuses(responses: list[httpx.Response]) -> list[int]:
    return sorted(response.status_code for response in responses)


async def is_waiting(task: asyncio.Task[httpx.Response]) -> bool:
    _done, pending = await asyncio.wait([task], timeout=0.3)
    return task in pending


class TestSameOpportunity:
    async def test_won_and_lost_at_once(
        self, client: httpx.AsyncClient, make_in_progress: Make, database: Database, tenant: str
    ) -> None:
        url = f"{PATH}/{(await make_in_progress())['id']}"
        responses = await asyncio.gather(
            *(
                client.post(f"{url}/{step}", json=BODY[step])
                for step in ("win", "lose", "win", "lose")
            )
        )
        assert statuses(responses) == [200, 409, 409, 409]
        closed = [e for e in await emitted(database, tenant) if e.data.get("closed_on")]
        assert len(closed) == 1

    async def test_two_promotions_enter_two_stages_one_after_the_other(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        made = await make_in_progress()
        responses = await asyncio.gather(
            *(client.post(f"{PATH}/{made['id']}/promote", json={}) for _ in range(3))
        )
        assert statuses(responses) == [200, 200, 409]
        stages = (await client.get(f"{PATH}/{made['id']}/stages")).json()["items"]
        assert [one["position"] for one in stages] == [1, 2, 3]

    async def test_two_promotions_based_on_the_same_version(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        made = await make_in_progress()
        seen = {"If-Match": f'"{made["version"]}"'}
        responses = await asyncio.gather(
            *(client.post(f"{PATH}/{made['id']}/promote", json={}, headers=seen) for _ in "ab")
        )
        assert statuses(responses) == [200, 412]

    async def test_an_activity_waits_for_the_loss_and_is_refused(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        database: Database,
        context: Context,
        problem: ProblemOf,
    ) -> None:
        made = await make_in_progress()
        body = {"kind": "call", "topic": "电话", "opportunity_id": made["id"]}
        loss = OpportunityLoss(closed_on=TODAY, reason="价格过高", competitor="神州数码")
        async with database.transaction(context) as session:
            await opportunities.lose_opportunity(session, UUID(made["id"]), loss, today=TODAY)
            call = asyncio.create_task(client.post("/v1/activities", json=body))
            assert await is_waiting(call)
        assert problem(await call) == (409, "opportunity-is-closed")


class TestNumbers:
    async def test_opportunities_opened_at_once_have_no_gap(
        self, client: httpx.AsyncClient, make_method: Make
    ) -> None:
        await make_method()
        body = {"topic": "x", "opened_on": "2026-03-02"}
        responses = await asyncio.gather(*(client.post(PATH, json=body) for _ in range(12)))
        numbers = sorted(response.json()["number"] for response in responses)
        assert numbers == [f"OPP-2026-{n:06d}" for n in range(1, 13)]


class TestMethods:
    async def test_first_methods_set_up_at_once_leave_one_default(
        self, client: httpx.AsyncClient
    ) -> None:
        stage = {"code": "a", "name": "a", "planned_days": 1, "success_rate": 1}
        responses = await asyncio.gather(
            *(
                client.post("/v1/methods", json={"code": code, "name": code, "stages": [stage]})
                for code in "abcd"
            )
        )
        assert statuses(responses) == [201] * 4
        assert sorted(response.json()["is_default"] for response in responses) == [
            False, False, False, True
        ]  # fmt: skip

    async def test_made_the_default_at_once_leave_one(
        self, client: httpx.AsyncClient, make_method: Make
    ) -> None:
        made = [await make_method() for _ in range(4)]
        responses = await asyncio.gather(
            *(client.post(f"/v1/methods/{method['id']}/make-default") for method in made)
        )
        assert statuses(responses) == [200] * 4
        items = (await client.get("/v1/methods", params={"is_default": "true"})).json()["items"]
        assert len(items) == 1

    async def test_new_stages_wait_for_an_opportunity_that_enters_the_old_ones(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        database: Database,
        context: Context,
    ) -> None:
        made = await make_opportunity()
        url = f"{PATH}/{made['id']}"
        await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        stage = {"code": "other", "name": "other", "planned_days": 1, "success_rate": 1}
        decision = OpportunityEvaluation(result=Result.PASS)
        evaluator = Actor("boss", context.tenant_id, frozenset({EVALUATE_SCOPE}), "Boss")
        async with database.transaction(context) as session:
            await opportunities.evaluate_opportunity(
                session, UUID(made["id"]), decision, actor=evaluator, today=TODAY
            )
            change = asyncio.create_task(
                client.patch(
                    f"/v1/methods/{made['method_id']}",
                    json={"stages": [stage]},
                    headers={"If-Match": '"1"'},
                )
            )
            assert await is_waiting(change)
        assert (await change).json()["stages_version"] == 2
        entered = (await client.get(url)).json()
        assert (entered["stage_code"], entered["method_version"]) == ("understand", 1)
        assert (await client.post(f"{url}/promote", json={})).json()["stage_code"] == "pre-study"
