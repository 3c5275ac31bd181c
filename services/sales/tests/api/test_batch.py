"""Batches: every command as it would be alone, a refused one without any trace."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.opportunities import service as opportunities
from kehu_sales.opportunities.schemas import (
    OpportunityCreate,
)

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")


async def run(client: httpx.AsyncClient, *commands: dict[str, Any]) -> list[dict[str, Any]]:
    response = await client.post(f"{PATH}/batch", json={"commands": list(commands)})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    assert [item["index"] for item in items] == list(range(len(commands)))
    return items


def create(ref: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"op": "create", "ref": ref, "topic": "工作站更新", "opened_on": "2026-03-02"} | fields


def life(ref: str, **fields: Any) -> list[dict[str, Any]]:
    return [
        create(ref, **fields),
        {"op": "submit", "ref": ref, "evaluator_id": str(uuid4()), "on": "2026-03-03"},
        {"op": "evaluate", "ref": ref, "result": "pass", "on": "2026-03-04"},
        {"op": "promote", "ref": ref, "on": "2026-03-05"},
        {"op": "win", "ref": ref, "closed_on": "2026-03-06", "reason": "方案优"},
    ]


def codes(items: list[dict[str, Any]]) -> list[str | None]:
    return [item["problem"] and item["problem"]["code"] for item in items]


class TestBatch:
    async def test_leads_an_opportunity_through_its_whole_life(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        database: Database,
        tenant: str,
    ) -> None:
        await make_method()
        items = await run(client, *life("a", customer_id=await make_customer()))
        assert [(item["status"], item["version"]) for item in items] == [
            ("ok", version) for version in range(1, 6)
        ]
        url = f"{PATH}/{items[0]['opportunity_id']}"
        made = await client.get(url)
        assert (made.json()["status"], made.headers["etag"]) == ("won", '"5"')
        events = (await emitted(database, tenant))[1:]
        assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
        assert [event.data["effective_on"][-2:] for event in events] == [
            "02", "03", "04", "05", "06"
        ]  # fmt: skip
        assert len((await client.get(f"{url}/stages")).json()["items"]) == 2

    async def test_writes_what_single_commands_write(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        make_product: Make,
        database: Database,
        tenant: str,
    ) -> None:
        await make_method()
        line = {"product_id": (await make_product())["id"], "quantity": "3"}
        commands = life("a", customer_id=await make_customer(), lines=[line])
        before = len(await emitted(database, tenant))
        (first, *_) = await run(client, *commands)
        batched = first["opportunity_id"]
        body = {name: value for name, value in commands[0].items() if name not in ("op", "ref")}
        single = (await client.post(PATH, json=body)).json()["id"]
        for command in commands[1:]:
            body = {key: value for key, value in command.items() if key not in ("op", "ref")}
            await client.post(f"{PATH}/{single}/{command['op']}", json=body)

        def plain(data: dict[str, Any]) -> dict[str, Any]:
            hidden = {"opportunity_id", "number", "id", "created_at", "updated_at"}
            return {name: value for name, value in data.items() if name not in hidden}

        events = (await emitted(database, tenant))[before:]
        told = {
            key: [(e.type, e.sequence, plain(e.data)) for e in events if e.key == key]
            for key in (batched, single)
        }
        assert told[batched] == told[single]
        kept = {
            key: [
                (entry.action, entry.version, plain(entry.changes))
                for entry in await audited(database, tenant)
                if str(entry.entity_id) == key
            ]
            for key in (batched, single)
        }
        assert kept[batched] == kept[single]
        for part in ("", "/stages", "/evaluations"):
            one = (await client.get(f"{PATH}/{batched}{part}")).json()
            assert plain(one) == plain((await client.get(f"{PATH}/{single}{part}")).json())

    async def test_steps_of_existing_opportunities(
        self, client: httpx.AsyncClient, make_opportunity: Make, make_customer: MakeCustomer
    ) -> None:
        made = await make_opportunity(opened_on="2026-03-02", customer_id=await make_customer())
        steps = [
            {key: value for key, value in command.items() if key != "ref"}
            | {"opportunity_id": made["id"]}
            for command in life("a")[1:]
        ]
        for part in (steps[:2], steps[2:]):
            assert codes(await run(client, *part)) == [None, None]
        read = await client.get(f"{PATH}/{made['id']}")
        assert (read.json()["status"], read.headers["etag"]) == ("won", '"5"')
        assert read.json()["updated_at"] > made["updated_at"]

    async def test_a_refused_command_leaves_no_trace(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        database: Database,
        tenant: str,
    ) -> None:
        await make_method()
        items = await run(
            client,
            create("a"),
            create("b", customer_id=str(uuid4())),
            {"op": "submit", "ref": "b", "evaluator_id": str(uuid4())},
            {"op": "promote", "ref": "a"},
            create("c", customer_id=await make_customer("former")),
            create("a"),
            {
                "op": "lose",
                "opportunity_id": str(uuid4()),
                "closed_on": str(TODAY),
                "reason": "x",
                "competitor_unknown": True,
            },
            create("d", external_ref="x:1"),
            create("e", external_ref="x:1"),
            {"op": "submit", "ref": "a", "evaluator_id": str(uuid4()), "on": "2026-03-01"},
            {"op": "submit", "ref": "a", "evaluator_id": str(uuid4()), "on": "2026-03-03"},
        )
        assert codes(items) == [
            None, "unknown-customer", "unknown-label", "not-in-progress", "customer-has-ended",
            "label-taken", "not-found", None, "external-reference-taken", "date-before-previous",
            None,
        ]  # fmt: skip
        assert items[3]["opportunity_id"] == items[0]["opportunity_id"]
        assert (items[3]["version"], items[6]["opportunity_id"]) == (None, None)
        page = (await client.get(PATH, params={"sort": "number"})).json()["items"]
        assert [one["number"] for one in page] == ["OPP-2026-000001", "OPP-2026-000002"]
        events = await emitted(database, tenant)
        assert [event.type.split(".")[1] for event in events[1:]] == [
            "opportunity-created", "opportunity-created", "opportunity-submitted"
        ]  # fmt: skip
        entries = [e for e in await audited(database, tenant) if e.entity == "opportunity"]
        assert len(entries) == 3
        assert (await client.post(PATH, json={"topic": "x", "opened_on": "2026-05-01"})).json()[
            "number"
        ] == "OPP-2026-000003"

    async def test_refuses_external_references_of_before(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        await make_opportunity(external_ref="x:1")
        items = await run(client, create(external_ref="x:1"), create(external_ref="x:2"))
        assert codes(items) == ["external-reference-taken", None]

    async def test_counts_records_for_conditions(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        make_activity: Make,
    ) -> None:
        stage = {"code": "a", "name": "a", "planned_days": 1, "success_rate": 10}
        last = stage | {"code": "b", "success_rate": 20}
        strict = {"conditions": {"control": "strict", "activities": 1}}
        await make_method(stages=[stage | strict, last])
        ready, unready = await make_in_progress(), await make_in_progress()
        await make_activity(opportunity_id=ready["id"])
        items = await run(
            client,
            {"op": "promote", "opportunity_id": ready["id"]},
            {"op": "promote", "opportunity_id": unready["id"]},
        )
        assert codes(items) == [None, "promotion-conditions-unmet"]
        assert items[1]["problem"]["status"] == 422
        assert items[1]["problem"]["extra"]["conditions"][0]["required"] == 1

    async def test_only_the_evaluator_decides(
        self, client_for: ClientFor, tenant: str, make_method: Make
    ) -> None:
        await make_method()
        me = uuid4()
        caller = client_for(tenant, roles=("sales_representative",), employee_id=str(me))
        items = await run(
            caller,
            create("a"),
            {"op": "submit", "ref": "a", "evaluator_id": str(me)},
            {"op": "evaluate", "ref": "a", "result": "pass"},
            create("b"),
            {"op": "submit", "ref": "b", "evaluator_id": str(uuid4())},
            {"op": "evaluate", "ref": "b", "result": "pass"},
        )
        assert codes(items) == [None, None, None, None, None, "not-the-evaluator"]

    async def test_speaks_chinese(self, client: httpx.AsyncClient, make_method: Make) -> None:
        await make_method()
        response = await client.post(
            f"{PATH}/batch",
            json={"commands": [create(opened_on=str(TODAY + timedelta(days=1)))]},
            headers={"Accept-Language": "zh-CN"},
        )
        assert "不能晚于今天" in response.json()["items"][0]["problem"]["detail"]

    @pytest.mark.parametrize(
        "commands",
        [
            [],
            [{"op": "delete"}],
            [create(color="red")],
            [{"op": "promote"}],
            [{"op": "promote", "ref": "a", "opportunity_id": str(uuid4())}],
            [create("a")] * 501,
        ],
        ids=["empty", "unknown op", "unknown field", "nothing named", "both named", "too many"],
    )
    async def test_that_is_malformed_is_refused_as_a_whole(
        self, client: httpx.AsyncClient, problem: ProblemOf, commands: list[dict[str, Any]]
    ) -> None:
        response = await client.post(f"{PATH}/batch", json={"commands": commands})
        assert problem(response) == (422, "invalid-request")

    async def test_another_tenants_opportunity_is_not_found(
        self, client_for: ClientFor, make_opportunity: Make
    ) -> None:
        made = await make_opportunity()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        submit = {"op": "submit", "opportunity_id": made["id"], "evaluator_id": str(uuid4())}
        assert codes(await run(stranger, submit)) == ["not-found"]

    async def test_costs_a_few_statements_however_long(
        self, client: httpx.AsyncClient, make_method: Make, database: Database
    ) -> None:
        await make_method()
        costs = []
        for size in (10, 100):
            commands = [c for n in range(size) for c in life(str(n))[:3]]
            with count_queries(database) as queries:
                items = await run(client, *commands)
            assert codes(items) == [None] * len(commands)
            ids = {item["opportunity_id"] for item in items}
            promote = [
                {"op": "promote", "opportunity_id": one, "on": "2026-03-05"} for one in sorted(ids)
            ]
            with count_queries(database) as more:
                assert codes(await run(client, *promote)) == [None] * size
            costs.append((len(queries), len(more)))
        assert costs[0] == costs[1]
        assert max(costs[0]) <= 13  # employees who are named are one more thing to look up


class TestAgainstOthers:
    async def test_a_reference_somebody_takes_at_the_same_moment(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        database: Database,
        context: Context,
        tenant: str,
    ) -> None:
        await make_method()
        customer_id = await make_customer()
        theirs = OpportunityCreate(topic="他们的", external_ref="x:1", opened_on=date(2020, 1, 1))
        async with database.transaction(context) as session:
            await opportunities.create_opportunity(session, theirs, today=TODAY, currency="CNY")
            await session.flush()
            ours = [
                *life("a", customer_id=customer_id),
                create("b", external_ref="x:1"),
                {"op": "submit", "ref": "b", "evaluator_id": str(uuid4())},
                {"op": "promote", "ref": "a"},
                create("a"),
                create("c"),
            ]
            batch = asyncio.create_task(run(client, *ours))
            _done, pending = await asyncio.wait([batch], timeout=0.4)
            assert pending, "the batch waits for their decision"
        items = await batch
        assert codes(items) == [
            None, None, None, None, None, "external-reference-taken", "unknown-label",
            "opportunity-is-closed", "label-taken", None,
        ]  # fmt: skip
        numbers = [
            one["number"]
            for one in (await client.get(PATH, params={"sort": "number"})).json()["items"]
        ]
        assert numbers == ["OPP-2020-000001", "OPP-2026-000001", "OPP-2026-000002"]
        events = [e for e in await emitted(database, tenant) if e.key == items[0]["opportunity_id"]]
        assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
        assert (await client.get(f"{PATH}/{items[0]['opportunity_id']}")).json()["status"] == "won"

    async def test_two_batches_over_the_same_opportunities(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        ids = [(await make_opportunity())["id"] for _ in range(6)]

        def submit(order: list[str]) -> list[dict[str, Any]]:
            return [
                {"op": "submit", "opportunity_id": one, "evaluator_id": str(uuid4())}
                for one in order
            ]

        results = await asyncio.gather(
            run(client, *submit(ids)), run(client, *submit(list(reversed(ids))))
        )
        assert sorted(str(codes(items)) for items in results) == sorted(
            str(outcome) for outcome in ([None] * 6, ["not-awaiting-submission"] * 6)
        )

    async def test_many_batches_number_without_gaps(
        self, client: httpx.AsyncClient, make_method: Make
    ) -> None:
        await make_method()
        commands = [create(str(n), interest="low") for n in range(20)]
        commands[7] = create("7", customer_id=str(uuid4()))
        await asyncio.gather(*(run(client, *commands) for _ in range(5)))
        page = (await client.get(PATH, params={"sort": "number", "limit": 200})).json()["items"]
        assert [one["number"] for one in page] == [f"OPP-2026-{n:06d}" for n in range(1, 96)]


class TestOfWhoSeesSomeRows:
    """A batch by somebody who sees what is theirs, and what they are asked to evaluate."""

    @pytest.fixture
    def me(self, client_for: ClientFor, tenant: str) -> tuple[str, httpx.AsyncClient]:
        employee = str(uuid4())
        mine = client_for(tenant, subject="me", employee_id=employee, row_scope="own")
        return employee, mine

    @pytest.fixture
    async def asked(
        self, client: httpx.AsyncClient, make_opportunity: Make, me: tuple[str, httpx.AsyncClient]
    ) -> dict[str, Any]:
        """An opportunity of a colleague that waits for me to evaluate it."""
        made = await make_opportunity(owner_id=str(uuid4()))
        submitted = await client.post(
            f"{PATH}/{made['id']}/submit", json={"evaluator_id": me[0], "on": f"{TODAY}"}
        )
        assert submitted.status_code == 200, submitted.text
        return dict(submitted.json())

    async def test_evaluates_what_goes_out_of_sight_by_it(
        self, client: httpx.AsyncClient, me: tuple[str, httpx.AsyncClient], asked: dict[str, Any]
    ) -> None:
        employee, mine = me
        evaluate = {"op": "evaluate", "opportunity_id": asked["id"], "result": "pass"}
        items = await run(mine, evaluate, create(owner_id=employee))
        assert codes(items) == [None, None]
        assert (await mine.get(f"{PATH}/{asked['id']}")).status_code == 404
        assert (await client.get(f"{PATH}/{asked['id']}")).json()["status"] == "in_progress"
        assert (await mine.get(f"{PATH}/{items[1]['opportunity_id']}")).status_code == 200

    async def test_is_given_no_others_by_it(
        self,
        client: httpx.AsyncClient,
        me: tuple[str, httpx.AsyncClient],
        asked: dict[str, Any],
        make_opportunity: Make,
    ) -> None:
        """Also where the commands run one by one, and the first one sees more than its sender."""
        _, mine = me
        foreign = await make_opportunity(owner_id=str(uuid4()))
        evaluate = {"op": "evaluate", "opportunity_id": asked["id"], "result": "pass"}
        submit = {"op": "submit", "opportunity_id": foreign["id"], "evaluator_id": str(uuid4())}
        own = create(owner_id=me[0])
        policy = await client.get("/v1/collision-policy")
        refusing = await client.patch(
            "/v1/collision-policy",
            json={"at_entry": "refuse"},
            headers={"If-Match": policy.headers["ETag"]},
        )
        assert refusing.status_code == 200, refusing.text
        items = await run(mine, evaluate, submit, own)
        assert codes(items) == [None, "not-found", None]
