"""Collisions in large groups and of many at once: bounded lots, one check each, no deadlock."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.collisions import queries
from kehu_sales.collisions.comparison import MOST_AT_ONCE, Watch, compare
from kehu_sales.collisions.models import DEFAULTS, CollisionPolicy
from kehu_sales.collisions.relations import ask_again_about, related_to
from kehu_sales.collisions.rules import collides
from kehu_sales.collisions.worker import AT_A_TIME, TENANTS, CollisionWork, look_again

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
Copy = Callable[..., Awaitable[None]]
PATH, OPPORTUNITIES = "/v1/collisions", "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
COPIES = """
    INSERT INTO opportunities
    SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'number',
        'COPY-' || gen_random_uuid(), 'owner_id', gen_random_uuid()) || more)).*
    FROM opportunities o CROSS JOIN jsonb_array_elements($2::text::jsonb) more WHERE o.id = $1
"""
WAITING = "SELECT id FROM collision_checks ORDER BY waiting_since, id"
COLLIDES = "SELECT state FROM collisions WHERE $1 IN (first_id, second_id)"
KNOWN = """
    SELECT state, count(*) AS number FROM collisions GROUP BY state ORDER BY state
"""


@pytest.fixture
def copy(database: Database, context: Context) -> Copy:
    """Makes opportunities like one, of somebody else each, but for some fields."""

    async def make(opportunity: dict[str, Any], fields: str) -> None:
        async with database.transaction(context) as session:
            await session.fetch(COPIES, UUID(opportunity["id"]), fields)

    return make


@pytest.fixture
def known(database: Database, context: Context) -> Callable[[], Awaitable[dict[str, int]]]:
    """Counts the collisions on record by their state."""

    async def count() -> dict[str, int]:
        async with database.transaction(context) as session:
            return {row["state"]: row["number"] for row in await session.fetch(KNOWN)}

    return count


async def checks(database: Database, context: Context) -> int:
    async with database.transaction(context) as session:
        (row,) = await session.fetch("SELECT count(*) AS number FROM collision_checks")
        number: int = row["number"]
        return number


class TestLargeGroups:
    async def test_an_entry_is_compared_with_a_lot_and_the_round_with_the_others(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        copy: Copy,
        known: Callable[[], Awaitable[dict[str, int]]],
        database: Database,
        context: Context,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        customer = await make_customer()
        first = await make_opportunity(customer_id=customer, owner_id=str(uuid4()))
        others = 2 * MOST_AT_ONCE + 30
        body = {"topic": "更新", "customer_id": customer, "owner_id": str(uuid4())}
        with count_queries(database) as few:
            await client.post(OPPORTUNITIES, json=body)
        await copy(first, f"[{', '.join(['{}'] * (others - 2))}]")
        with count_queries(database) as many:
            made = await client.post(OPPORTUNITIES, json=body | {"owner_id": str(uuid4())})
        assert len(made.headers["kehu-collisions"].split(", ")) == MOST_AT_ONCE
        assert await known() == {"open": 1 + MOST_AT_ONCE}
        # What is left is asked for: one statement more, only where a lot is not enough.
        assert len(many.statements) == len(few.statements) + 1
        assert await checks(database, context) == 1
        async with database.transaction(context) as session:
            assert await look_again(session, 50, today=TODAY) == 1
        assert await known() == {"open": 1 + MOST_AT_ONCE + 50}
        await work()
        assert await known() == {"open": 1 + others}
        assert await checks(database, context) == 0
        url = f"{OPPORTUNITIES}/{made.json()['id']}/return-to-pool"
        assert (await client.post(url, json={"reason": "客户推迟"})).status_code == 200
        async with database.transaction(context) as session:
            assert await look_again(session, 50, today=TODAY) == 1
        assert await known() == {"lapsed": 50, "open": 1 + others - 50}
        await work()
        assert await known() == {"lapsed": others, "open": 1}

    async def test_a_batch_that_collides_with_itself_leaves_the_rest_to_the_round(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        known: Callable[[], Awaitable[dict[str, int]]],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        await make_method()
        customer = await make_customer()
        commands = [
            {"op": "create", "topic": "更新", "customer_id": customer, "owner_id": str(uuid4())}
            for _ in range(20)
        ]
        answer = await client.post(f"{OPPORTUNITIES}/batch", json={"commands": commands})
        assert {one["status"] for one in answer.json()["items"]} == {"ok"}
        assert await known() == {"open": MOST_AT_ONCE}
        await work()
        assert await known() == {"open": 20 * 19 // 2}

    async def test_the_database_finds_what_the_rule_finds(
        self,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        make_product: Make,
        copy: Copy,
        database: Database,
        context: Context,
    ) -> None:
        chance = random.Random(20261122)  # noqa: S311 - the same each time
        products = [(await make_product(category=one))["id"] for one in ("甲", "甲", "乙", None)]
        customers = [await make_customer() for _ in range(2)]
        line = [{"product_id": products[0], "quantity": "1"}]
        first = await make_opportunity(customer_id=customers[0], lines=line, owner_id=products[0])
        (stored,) = first["lines"]
        fields = [
            {
                "customer_id": chance.choice(customers),
                "owner_id": str(UUID(int=chance.randint(1, 4))),
                "department_id": chance.choice([None, str(UUID(int=8)), str(UUID(int=9))]),
                "opened_on": str(TODAY - timedelta(days=chance.choice([0, 10, 11, 12, 40]))),
                "lines": [
                    stored | {"product_id": one}
                    for one in chance.sample(products, chance.randint(0, 2))
                ],
            }
            for _ in range(24)
        ]
        await copy(first, json.dumps(fields))
        found_any = 0
        async with database.transaction(context) as session:
            rows = await session.fetch("SELECT id FROM opportunities")
            sides = await queries.sides_of(session, [row["id"] for row in rows])
            related = await related_to(session, [UUID(one) for one in customers])
            for values in (
                {}, {"by_category": False}, {"without_lines": False}, {"within_days": 11},
                {"within_days": None, "across_departments": True}, {"relations": ["parent"]},
            ):  # fmt: skip
                policy = CollisionPolicy(version=0, **(dict(DEFAULTS) | values))
                expected = {
                    frozenset((one.opportunity_id, other.opportunity_id))
                    for one, other in combinations(sides.values(), 2)
                    if collides(one, other, related.kinship, policy)
                }
                found: set[frozenset[UUID]] = set()
                for one, side in sides.items():
                    compared = await compare(session, {one: side}, Watch(policy, related))
                    found |= set(compared.clashes)
                assert found == expected, values
                together = await compare(session, dict(sides), Watch(policy, related))
                assert set(together.clashes) == expected, values
                found_any += len(expected)
        assert found_any > 100


class TestTurns:
    async def test_a_small_group_is_looked_at_although_a_huge_group_has_much_left(
        self,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        copy: Copy,
        known: Callable[[], Awaitable[dict[str, int]]],
        database: Database,
        context: Context,
    ) -> None:
        huge, small = [
            await make_opportunity(customer_id=await make_customer(), owner_id=str(uuid4()))
            for _ in range(2)
        ]
        many = [UUID(int=number) for number in range(1, 2 * AT_A_TIME + 1)]  # before all others
        await copy(huge, json.dumps([{"id": str(one)} for one in many]))
        await copy(small, "[{}]")
        for asked in (many, [UUID(small["id"])]):  # the huge group first
            async with database.transaction(context) as session:
                await ask_again_about(session, asked)
        seen = []
        for _ in range(3):
            async with database.transaction(context) as session:
                await look_again(session, 1, today=TODAY)
                seen.append([row["id"] for row in await session.fetch(WAITING)])
        assert [UUID(small["id"]) in one for one in seen] == [True, True, False]
        assert len(seen[-1]) == len(many)  # each was gone on with, and has others left
        assert seen[-1] == many[AT_A_TIME - 1 :] + many[: AT_A_TIME - 1]
        async with database.transaction(context) as session:
            (found,) = await session.fetch(COLLIDES, UUID(small["id"]))
            assert found["state"] == "open"

    async def test_neither_tenants_nor_their_turns_are_read_to_the_end(
        self, running: RunningService, cluster: Cluster
    ) -> None:
        """Of each tenant one check is read, and of its checks those that wait longest."""
        url = cluster.superuser(running.settings.database_url)
        async with planner(url, "kehu_worker") as asking:
            read = await asking.whole(TENANTS, TODAY)
            assert read == {"collision_walks", "collision_policies"}  # a row per change, or tenant
        async with planner(url, "kehu_app") as asking:
            turns = str(await asking.plan(queries.CHECKS, "t", AT_A_TIME))
        assert "ix_collision_checks_waiting" in turns
        assert "Sort" not in turns


class TestChecks:
    async def test_what_is_asked_often_is_done_once_and_what_is_asked_meanwhile_again(
        self, pair: list[dict[str, Any]], database: Database, context: Context
    ) -> None:
        ids = [UUID(one["id"]) for one in pair]
        for _ in range(3):
            async with database.transaction(context) as session:
                await ask_again_about(session, ids)
        assert await checks(database, context) == 2
        async with database.transaction(context) as session:
            assert await look_again(session, 50, today=TODAY) == 2
        assert await checks(database, context) == 0
        async with database.transaction(context) as session:
            await ask_again_about(session, ids[:1])
        async with database.transaction(context) as session:
            seen = await session.fetch(queries.CHECKS, context.tenant_id, 10)
            async with database.transaction(context) as other:
                await ask_again_about(other, ids[:1])
            await session.fetch(
                queries.DONE, context.tenant_id, ids[:1], [one["asked"] for one in seen]
            )
        assert await checks(database, context) == 1

    async def test_two_rounds_at_once_share_the_work(
        self, pair: list[dict[str, Any]], database: Database, context: Context
    ) -> None:
        async with database.transaction(context) as session:
            await ask_again_about(session, [UUID(one["id"]) for one in pair])
        async with database.transaction(context) as session:
            assert await look_again(session, 50, today=TODAY) == 2
            async with database.transaction(context) as other:
                assert await look_again(other, 50, today=TODAY) == 0

    async def test_what_nobody_asked_for_is_not_touched(
        self,
        collision: dict[str, Any],
        running: RunningService,
        work: Callable[[], Awaitable[None]],
        context: Context,
    ) -> None:
        round_ = CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)
        touched = []
        for asked in ([UUID(collision["sides"][0]["opportunity_id"])], []):
            await work()
            async with running.database.transaction(context) as session:
                await ask_again_about(session, asked)
            with count_queries(running.database) as seen:
                await round_.work()
            touched.append(context.tenant_id in f"{seen.arguments}")
        assert touched == [True, False]


class TestAtOnce:
    async def test_batches_that_run_one_by_one_in_another_order_both_go_through(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
    ) -> None:
        await make_method()
        await decide(at_entry="refuse")
        customers = [await make_customer() for _ in range(8)]
        owner = str(uuid4())
        batches = [
            {"commands": [
                {"op": "create", "topic": "更新", "customer_id": one, "owner_id": owner}
                for one in order
            ]}
            for order in (customers, customers[::-1])
        ]  # fmt: skip
        answers = await asyncio.gather(
            *(client.post(f"{OPPORTUNITIES}/batch", json=batch) for batch in batches)
        )
        for answer in answers:
            assert answer.status_code == 200, answer.text
            assert {one["status"] for one in answer.json()["items"]} == {"ok"}, answer.text

    async def test_a_batch_and_a_change_of_what_it_closes_wait_in_one_order(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
    ) -> None:
        await decide(at_entry="refuse")
        customer, owner = await make_customer(), str(uuid4())
        made = [await make_in_progress(customer_id=customer, owner_id=owner) for _ in range(4)]
        commands: list[dict[str, Any]] = []
        for one in made:
            new = {"op": "create", "topic": "更新", "customer_id": customer, "owner_id": owner}
            lose = {"op": "lose", "opportunity_id": one["id"], "reason": "推迟",
                    "competitor": "某公司", "closed_on": str(TODAY)}  # fmt: skip
            commands += [new, lose]
        changes = [
            client.patch(
                f"{OPPORTUNITIES}/{one['id']}",
                json={"department_id": str(uuid4())},
                headers={"If-Match": f'"{one["version"]}"'},
            )
            for one in made
        ]
        batch, *changed = await asyncio.gather(
            client.post(f"{OPPORTUNITIES}/batch", json={"commands": commands}), *changes
        )
        assert batch.status_code == 200, batch.text
        closed = [one["status"] for one in batch.json()["items"]][1::2]
        assert closed == ["ok"] * 4, batch.text
        for answer in changed:  # before the batch, or after it: never in its way
            known = answer.status_code == 200 or answer.json()["code"] in (
                "version-conflict", "opportunity-is-closed"
            )  # fmt: skip
            assert known, answer.text
