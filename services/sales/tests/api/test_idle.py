"""Opportunities that nobody turns to: warned of, then back in the reserve pool; days are told."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from kehu_kernel import audit, clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.idle import queries
from kehu_sales.idle.service import take_back, warn
from kehu_sales.idle.worker import IdleWork
from kehu_sales.opportunities.models import Opportunity

Make = Callable[..., Awaitable[dict[str, Any]]]
Decide = Callable[..., Awaitable[httpx.Response]]
Pass = Callable[[int], Awaitable[None]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH, POLICY = "/v1/opportunities", "/v1/idle-policy"
ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
IDLE = "sales.opportunity-idle.v1"
OWNER = str(uuid4())


def day(number: int) -> date:
    """Return the day that many days from today."""
    return TODAY + timedelta(days=number)


@pytest.fixture
def decide(client: httpx.AsyncClient) -> Decide:
    """Changes the tenant's rule."""

    async def make(**values: Any) -> httpx.Response:
        etag = (await client.get(POLICY)).headers["etag"]
        return await client.patch(POLICY, json=values, headers={"If-Match": etag})

    return make


@pytest.fixture
def on_day(database: Database, context: Context) -> Pass:
    """Does what the work does on a day that many days from today, until nothing is left."""

    async def work(number: int) -> None:
        done = 1
        while done:
            done = 0
            for step in (take_back, warn):
                async with database.transaction(context) as session:
                    done += await step(session, 2, today=day(number), zone=ZONE)

    return work


@pytest.fixture
def warned(database: Database, tenant: str) -> Callable[[], Awaitable[list[tuple[str, ...]]]]:
    """Reads of what was warned: since when nobody turned to it, and when it goes back."""

    async def read() -> list[tuple[str, ...]]:
        told = await emitted(database, tenant, IDLE)
        return [(one.key, one.data["idle_since_on"], one.data["return_on"]) for one in told]

    return read


async def status(client: httpx.AsyncClient, opportunity: dict[str, Any]) -> str:
    found: str = (await client.get(f"{PATH}/{opportunity['id']}")).json()["status"]
    return found


class TestIdle:
    async def test_is_warned_of_once_and_goes_back_with_its_reason_and_owner(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = await make_in_progress(owner_id=OWNER)
        await on_day(19)
        assert await warned() == []
        for number in (20, 21, 29):
            await on_day(number)
        assert await warned() == [(made["id"], str(TODAY), str(day(30)))]
        assert await status(client, made) == "in_progress"
        await on_day(30)
        assert await status(client, made) == "pooled"
        (move,) = (await client.get(f"{PATH}/{made['id']}/pool-moves")).json()["items"]
        assert (move["reason"], move["owner_id"], move["status"]) == ("idle", OWNER, "in_progress")

    async def test_stays_where_it_is_unless_the_tenant_decides_otherwise(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        on_day: Pass,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        made = await make_in_progress()
        await on_day(3000)
        assert (await status(client, made), await warned()) == ("in_progress", [])

    async def test_was_idle_long_before_the_tenant_decided(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = [await make_in_progress() for _ in range(3)]
        await on_day(400)
        assert {one[2] for one in await warned()} == {str(day(410))}
        assert len(await warned()) == len(made)
        await on_day(409)
        assert [await status(client, one) for one in made] == ["in_progress"] * 3
        await on_day(410)
        assert [await status(client, one) for one in made] == ["pooled"] * 3

    async def test_is_warned_of_again_once_the_rule_is_another_one(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        database: Database,
        context: Context,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = await make_in_progress()
        await on_day(20)
        async with database.transaction(context) as session:
            policy = await queries.policy_of(session)
            policy.decide({"idle_days": 35}, day(25))
        await on_day(30)
        assert await status(client, made) == "in_progress"
        assert [one[2] for one in await warned()] == [str(day(30)), str(day(40))]
        await on_day(40)
        assert await status(client, made) == "pooled"

    async def test_begins_again_when_it_is_taken_up(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        database: Database,
        context: Context,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = await make_in_progress()
        await on_day(20)
        url = f"{PATH}/{made['id']}"
        await client.post(f"{url}/return-to-pool", json={"reason": "今年无预算"})
        async with database.transaction(context) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(made["id"])))
            assert row.idle_warned_on is None

    async def test_is_found_by_the_work_of_the_day(
        self,
        decide: Decide,
        make_in_progress: Make,
        running: RunningService,
        database: Database,
        context: Context,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = await make_in_progress()
        woken: list[bool] = []
        work = IdleWork(running.databases, ZONE, lambda: woken.append(True))
        while await work.work():  # what was not looked at yet is looked at, and not warned of
            pass
        assert await warned() == []
        async with database.transaction(context) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(made["id"])))
            assert row.moved_on == TODAY
        assert woken


class TestWhatIsTurnedTo:
    @pytest.mark.parametrize(
        ("what", "until"),
        [
            ("nothing", -40),
            ("warning", -40),
            ("stage", 0),
            ("owner", 0),
            ("activity", 0),
            ("task", 0),
            ("task-to-come", 9),
            ("visit-to-come", 7),
            ("cancelled-visit", 0),
            ("quote", 0),
            ("sample", 0),
        ],
    )
    async def test_was_last_turned_to(
        self,
        running: RunningService,
        aged: dict[str, Any],
        turn_to: Callable[[dict[str, Any], str], Awaitable[None]],
        database: Database,
        context: Context,
        *,
        what: str,
        until: int,
    ) -> None:
        await turn_to(aged, what)
        async with database.transaction(context) as session:
            found = await queries.last_moves(session, [UUID(aged["id"])], ZONE)
        assert found == {UUID(aged["id"]): day(until)}

    async def test_stays_after_its_warning_and_is_warned_of_anew(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        aged: dict[str, Any],
        turn_to: Callable[[dict[str, Any], str], Awaitable[None]],
        on_day: Pass,
        warned: Callable[[], Awaitable[list[tuple[str, ...]]]],
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        await on_day(0)
        await turn_to(aged, "activity")
        for number in (10, 19):
            await on_day(number)
        assert await status(client, aged) == "in_progress"
        assert await warned() == [(aged["id"], str(day(-40)), str(day(10)))]
        await on_day(20)
        assert (await warned())[1:] == [(aged["id"], str(TODAY), str(day(30)))]
        await on_day(30)
        assert await status(client, aged) == "pooled"


@pytest.fixture
async def aged(
    running: RunningService, cluster: Cluster, make_in_progress: Make, make_product: Make
) -> dict[str, Any]:
    """An opportunity in progress to which somebody last turned forty days ago."""
    line = {"product_id": (await make_product())["id"], "quantity": "2"}
    made = await make_in_progress(owner_id=OWNER, lines=[line])
    connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
    await connection.execute("SET session_replication_role = replica")  # the log is append-only
    await connection.execute(
        "UPDATE audit_log SET at = at - interval '40 days' WHERE entity_id = $1", UUID(made["id"])
    )
    await connection.close()
    return made


@pytest.fixture
def turn_to(
    client: httpx.AsyncClient,
    make_activity: Make,
    make_task: Make,
    make_visit: Make,
    make_quote: Make,
    make_sample: Make,
    database: Database,
    context: Context,
) -> Callable[[dict[str, Any], str], Awaitable[None]]:
    """Does something about an opportunity."""

    async def system(opportunity: dict[str, Any], **values: Any) -> None:
        async with database.transaction(replace(context, actor="system:test")) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(opportunity["id"])))
            for name, value in values.items():
                setattr(row, name, value)
            audit.changed(session, row, "changed")

    async def call_off(opportunity: dict[str, Any]) -> None:
        visit = await make_visit(
            opportunity_id=opportunity["id"], customer_id=opportunity["customer_id"]
        )
        url = f"/v1/visits/{visit['id']}/cancel"
        assert (await client.post(url, json={"reason": "改期"})).is_success

    async def promote(opportunity: dict[str, Any]) -> None:
        promoted = await client.post(f"{PATH}/{opportunity['id']}/promote", json={})
        assert promoted.status_code == 200, promoted.text

    async def nothing(_: dict[str, Any]) -> None:
        """Leave it alone."""

    ways: dict[str, Callable[[dict[str, Any]], Awaitable[Any]]] = {
        "nothing": nothing,
        "warning": lambda one: system(one, idle_warned_on=TODAY),
        "owner": lambda one: system(one, owner_id=uuid4()),
        "stage": promote,
        "activity": lambda one: make_activity(opportunity_id=one["id"], on=str(day(-20))),
        "task": lambda one: make_task(opportunity_id=one["id"]),
        "task-to-come": lambda one: make_task(opportunity_id=one["id"], due_on=str(day(9))),
        "visit-to-come": lambda one: make_visit(
            opportunity_id=one["id"], customer_id=one["customer_id"]
        ),
        "cancelled-visit": call_off,
        "quote": lambda one: make_quote(opportunity_id=one["id"]),
        "sample": lambda one: make_sample(opportunity_id=one["id"]),
    }

    async def act(opportunity: dict[str, Any], what: str) -> None:
        await ways[what](opportunity)

    return act


class TestTheRule:
    async def test_is_read_and_changed(self, client: httpx.AsyncClient, decide: Decide) -> None:
        before = (await client.get(POLICY)).json()
        assert before == {"version": 0, "idle_days": None, "warn_days": 7}
        changed = await decide(idle_days=60)
        assert changed.json() == {"version": 1, "idle_days": 60, "warn_days": 7}
        never = await decide(idle_days=None)
        assert never.json() == {"version": 2, "idle_days": None, "warn_days": 7}

    @pytest.mark.parametrize("values", [{"idle_days": 7}, {"idle_days": 20, "warn_days": 20}])
    async def test_leaves_a_day_before_its_warning(
        self, decide: Decide, problem: ProblemOf, values: dict[str, int]
    ) -> None:
        assert problem(await decide(**values)) == (422, "warning-too-early")
