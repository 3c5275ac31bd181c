"""The funnel of any day equals what a plain loop over the events says; lists equal figures."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_analytics.testing import METHOD, STAGES, Stream
from kehu_contracts.sales import OpportunityState
from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.observe import count_queries

DAY = date(2026, 3, 1)
OTHER_METHOD = uuid4()
OPEN = ("not_evaluated", "in_evaluation", "in_progress")


def cents(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


def as_of(facts: Sequence[Fact], day: date) -> list[OpportunityState]:
    """Return what was open at the end of a day: of each, the last event that counts by then."""
    last: dict[UUID, OpportunityState] = {}
    for event, _ in facts:
        if isinstance(event, OpportunityState) and event.effective_on <= day:
            last[event.opportunity_id] = event
    return [event for event in last.values() if event.status in OPEN]


def brute_force(facts: Sequence[Fact], day: date) -> dict[str, Any]:
    """Return the funnel of a day by currency, as a loop in plain Python counts it."""
    stages: dict[Any, list[OpportunityState]] = defaultdict(list)
    for state in as_of(facts, day):
        placed = state.status == "in_progress" and state.stage_code is not None
        stage = (str(state.method_id), state.stage_code) if placed else None
        stages[state.expected_revenue.currency, stage].append(state)
    return {
        f"{currency} {stage}": (
            len(states),
            cents(sum((s.expected_revenue.amount for s in states), Decimal(0))),
            cents(
                sum((s.expected_revenue.amount * (s.success_rate or 0) for s in states), Decimal(0))
                / 100
            )
            if stage
            else None,
        )
        for (currency, stage), states in stages.items()
    }


def shown(funnel: dict[str, Any]) -> dict[str, Any]:
    """Return the same from an answer of the API."""
    lines = {}
    for block in funnel["currencies"]:
        for stage in block["stages"]:
            key = f"{block['currency']} {(stage['method_id'], stage['stage_code'])}"
            weighted = stage["weighted_amount"]["amount"]
            lines[key] = stage["count"], stage["amount"]["amount"], weighted
        waiting = block["not_in_stage"]
        if waiting["count"]:
            key = f"{block['currency']} None"
            lines[key] = waiting["count"], waiting["amount"]["amount"], None
    return lines


def random_history(stream: Stream, seed: int) -> None:
    """Forty opportunities that wander about; some steps are dated back."""
    pick = random.Random(seed)  # noqa: S311 - a test's random numbers
    for _ in range(40):
        opportunity_id, on = uuid4(), DAY + timedelta(days=pick.randrange(20))
        owner, method = pick.choice(OWNERS), pick.choice([METHOD, METHOD, OTHER_METHOD])
        currency = pick.choice(["CNY", "CNY", "USD"])
        for status in ["not_evaluated", "in_evaluation", *["in_progress"] * pick.randrange(5)]:
            stream.opportunity(
                opportunity_id, status, on, currency=currency,
                stage=pick.choice(list(STAGES)) if status == "in_progress" else None,
                amount=Decimal(pick.randrange(1, 1_000_000)) / 100,
                owner_id=owner, method_id=method,
            )  # fmt: skip
            on += timedelta(days=pick.choice([0, 0, 1, 2, 3, -1]))
        if pick.random() < 0.5:
            stream.opportunity(opportunity_id, pick.choice(["won", "lost"]), on, stage="sign")


OWNERS = [uuid4(), uuid4()]


async def pages(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return all items of a list, read in small pages."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = params | {"limit": 3} | ({"cursor": cursor} if cursor else {})
        response = await client.get(path, params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


class TestFunnel:
    @pytest.mark.parametrize("seed", range(3))
    async def test_of_every_day_equals_a_brute_force_count(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database, seed: int
    ) -> None:
        random_history(stream, seed)
        await stream.fold(worker_database)
        for day in (DAY + timedelta(days=n) for n in range(-2, 40, 3)):
            funnel = (await client.get("/v1/funnel", params={"as_of": day.isoformat()})).json()
            assert funnel["as_of"] == day.isoformat()
            assert shown(funnel) == brute_force(stream.facts, day)

    async def test_lists_are_as_long_as_their_figures(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        random_history(stream, 7)
        await stream.fold(worker_database)
        day = {"as_of": (DAY + timedelta(days=12)).isoformat()}
        figures = 0
        for filters in ({}, {"owner_id": str(OWNERS[0])}, {"method_id": str(OTHER_METHOD)}):
            query: dict[str, Any] = day | filters
            for block in (await client.get("/v1/funnel", params=query)).json()["currencies"]:
                lines = [
                    ({"stage_code": s["stage_code"], "method_id": s["method_id"]}, s)
                    for s in block["stages"]
                ]
                lines += [
                    ({"in_stage": "false"}, block["not_in_stage"]),
                    ({"in_stage": "true"}, block["total"]),
                ]
                for line, figure in lines:
                    behind = query | {"currency": block["currency"]} | line
                    items = await pages(client, "/v1/funnel/opportunities", **behind)
                    assert len({item["opportunity_id"] for item in items}) == len(items)
                    assert len(items) == figure["count"]
                    total = sum((Decimal(i["amount"]["amount"]) for i in items), Decimal(0))
                    assert cents(total) == figure["amount"]["amount"]
                    counted = await client.get(
                        "/v1/funnel/opportunities", params=behind | {"count": "exact"}
                    )
                    assert counted.json()["count"] == figure["count"]
                    figures += 1
        assert figures > 20

    async def test_weights_are_rounded_once_at_the_end_half_even(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        # 0.05 x 10 % = 0.005 each: rounded one by one three would be 0.00 or 0.03.
        for _ in range(3):
            stream.opportunity(
                uuid4(), "in_progress", DAY, stage="understand", amount=Decimal("0.05")
            )
        await stream.fold(worker_database)
        [block] = (await client.get("/v1/funnel")).json()["currencies"]
        assert block["total"]["weighted_amount"] == {"amount": "0.02", "currency": "CNY"}  # 0.015
        assert block["stages"][0]["weighted_amount"]["amount"] == "0.02"

    async def test_a_step_dated_back_counts_from_its_day(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        deal = uuid4()
        stream.opportunity(deal, "in_progress", DAY, stage="understand", amount=100)
        later = DAY + timedelta(days=10)
        stream.opportunity(deal, "in_progress", later, stage="understand", amount=200)
        stream.opportunity(
            deal, "in_progress", DAY + timedelta(days=5), stage="pre-study", amount=200
        )
        await stream.fold(worker_database)
        seen = []
        for days in (4, 5, 10):
            query = {"as_of": (DAY + timedelta(days=days)).isoformat()}
            [block] = (await client.get("/v1/funnel", params=query)).json()["currencies"]
            [stage] = block["stages"]
            seen.append((stage["stage_code"], stage["amount"]["amount"]))
        assert seen == [("understand", "100.00"), ("pre-study", "200.00"), ("pre-study", "200.00")]

    async def test_of_a_department_includes_those_below(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        root, below, other = uuid4(), uuid4(), uuid4()
        stream.department(root, "销售部")
        stream.department(below, "华东", path=[root])
        stream.department(other, "市场部")
        for department in (root, below, other):
            stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", department_id=department)
        await stream.fold(worker_database)
        for department, count in ((root, 2), (below, 1), (other, 1)):
            query = {"department_id": str(department)}
            [block] = (await client.get("/v1/funnel", params=query)).json()["currencies"]
            assert block["total"]["count"] == count

    async def test_names_are_shown_in_the_list(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customer = stream.customer(uuid4(), name="苏州恒远精密机械有限公司")
        owner = stream.employee(uuid4(), "王芳")
        deal = stream.opportunity(
            uuid4(), "in_progress", DAY, stage="bid", customer_id=customer, owner_id=owner
        )
        await stream.fold(worker_database)
        [item] = (await client.get("/v1/funnel/opportunities")).json()["items"]
        assert item["opportunity_id"] == str(deal)
        assert item["customer_name"] == "苏州恒远精密机械有限公司"
        assert item["owner_name"] == "王芳"
        assert item["number"].startswith("OPP-")

    async def test_says_how_fresh_it_is(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        empty = (await client.get("/v1/funnel")).json()
        assert (empty["facts_until"], empty["lag_seconds"]) == (None, None)
        assert empty["currencies"] == []
        stream.opportunity(uuid4(), "in_progress", DAY, stage="bid")
        await stream.fold(worker_database)
        funnel = (await client.get("/v1/funnel")).json()
        assert funnel["facts_until"] == "2026-01-01T08:00:00Z"
        age = clock.now() - stream.facts[0].envelope.time
        assert abs(funnel["lag_seconds"] - age.total_seconds()) < 60

    async def test_refusals(
        self, client: httpx.AsyncClient, client_for: Any, tenant: str, problem: Any
    ) -> None:
        tomorrow = (clock.now().date() + timedelta(days=2)).isoformat()
        for path in ("/v1/funnel", "/v1/funnel/opportunities"):
            response = await client.get(path, params={"as_of": tomorrow})
            assert problem(response) == (422, "date-in-future")
            response = await client.get(path, params={"stage": "bid"})
            assert problem(response) == (422, "invalid-request")
            agent = client_for(tenant, roles=("service_agent",))
            assert problem(await agent.get(path)) == (403, "scope-missing")

    async def test_of_another_tenant_is_empty(
        self, client_for: Any, stream: Stream, worker_database: Database
    ) -> None:
        stream.opportunity(uuid4(), "in_progress", DAY, stage="bid")
        await stream.fold(worker_database)
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert (await stranger.get("/v1/funnel")).json()["currencies"] == []
        assert (await stranger.get("/v1/funnel/opportunities")).json()["items"] == []

    async def test_needs_the_same_queries_for_any_number_of_rows(
        self, client: httpx.AsyncClient, database: Database, stream: Stream,
        worker_database: Database,
    ) -> None:  # fmt: skip
        counts = []
        for _ in range(2):
            for _ in range(10):
                customer = stream.customer(uuid4())
                stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", customer_id=customer)
            await stream.fold(worker_database)
            with count_queries(database) as queries:
                await client.get("/v1/funnel")
                await client.get("/v1/funnel/opportunities", params={"count": "exact"})
            counts.append(len(queries))
        assert counts[0] == counts[1]


async def test_what_lies_in_the_pool_is_in_no_stage_until_it_is_taken_up(
    client: httpx.AsyncClient, stream: Stream, worker_database: Database
) -> None:
    one = stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", amount=500)
    stream.opportunity(one, "pooled", DAY + timedelta(days=2), amount=500)
    stream.opportunity(one, "not_evaluated", DAY + timedelta(days=4), amount=500)
    await stream.fold(worker_database)

    async def on(days: int) -> dict[str, Any]:
        day = str(DAY + timedelta(days=days))
        return shown((await client.get("/v1/funnel", params={"as_of": day})).json())

    assert list(await on(1)) != []
    assert await on(2) == {}
    assert await on(3) == {}
    assert list(await on(4)) == ["CNY None"]
