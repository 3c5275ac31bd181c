"""Opportunities that nobody turns to: warned of, then back in the reserve pool; days are told."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import audit, clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.idle import queries
from kehu_sales.idle.service import take_back, warn
from kehu_sales.idle.worker import IdleWork
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.quotes.worker import expire_due

Make = Callable[..., Awaitable[dict[str, Any]]]
Decide = Callable[..., Awaitable[httpx.Response]]
Pass = Callable[[int], Awaitable[None]]
Age = Callable[..., Awaitable[None]]
Warned = Callable[[], Awaitable[list[tuple[str, ...]]]]
Record = Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]]
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
def warned(database: Database, tenant: str) -> Warned:
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
        warned: Warned,
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
        warned: Warned,
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
        warned: Warned,
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
        warned: Warned,
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

    async def test_goes_back_on_the_day_that_was_told_though_the_rule_changes_the_same_day(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        database: Database,
        context: Context,
    ) -> None:
        await decide(idle_days=60, warn_days=30)
        made = await make_in_progress()
        await on_day(30)
        async with database.transaction(context) as session:
            (await queries.policy_of(session)).decide({"warn_days": 7}, day(30))
        for number in (37, 59):
            await on_day(number)
        assert await status(client, made) == "in_progress"
        await on_day(60)
        assert await status(client, made) == "pooled"

    async def test_is_warned_of_again_when_the_rule_was_off_in_between(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        database: Database,
        context: Context,
        warned: Warned,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        made = await make_in_progress()
        await on_day(20)
        for idle_days, number in ((None, 25), (30, 50)):
            async with database.transaction(context) as session:
                (await queries.policy_of(session)).decide({"idle_days": idle_days}, day(number))
            await on_day(number)
        assert await status(client, made) == "in_progress"
        assert [one[2] for one in await warned()] == [str(day(30)), str(day(60))]
        await on_day(60)
        assert await status(client, made) == "pooled"

    async def test_begins_again_when_it_is_taken_up(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        aged: dict[str, Any],
        on_day: Pass,
        anybody: Callable[[], Awaitable[str]],
        warned: Warned,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        await on_day(0)
        url = f"{PATH}/{aged['id']}"
        for step, body in (
            ("return-to-pool", {"reason": "今年无预算"}),
            ("take-up", {"owner_id": OWNER}),
            ("submit", {"evaluator_id": await anybody()}),
            ("evaluate", {"result": "pass"}),
        ):
            done = await client.post(f"{url}/{step}", json=body)
            assert done.is_success, done.text
        for number in (10, 20):
            await on_day(number)
        assert await status(client, aged) == "in_progress"
        assert [one[2] for one in await warned()] == [str(day(10)), str(day(30))]
        await on_day(30)
        assert await status(client, aged) == "pooled"

    async def test_is_left_where_it_is_once_its_person_was_erased(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        make_in_progress: Make,
        on_day: Pass,
        database: Database,
        context: Context,
        warned: Warned,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        erased, other = [await make_in_progress() for _ in range(2)]
        await on_day(20)
        async with database.transaction(context) as session:
            await session.fetch(
                "INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id) VALUES ($1,$2,$3)",
                context.tenant_id, UUID(erased["id"]), uuid4(),
            )  # fmt: skip
        for number in (30, 60, 100):
            await on_day(number)
        assert [await status(client, one) for one in (erased, other)] == ["in_progress", "pooled"]
        assert {one[0] for one in await warned()} == {erased["id"], other["id"]}
        assert len(await warned()) == len((erased, other))

    async def test_is_found_by_the_work_of_the_day(
        self,
        decide: Decide,
        make_in_progress: Make,
        running: RunningService,
        database: Database,
        context: Context,
        warned: Warned,
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
            ("contract", 0),
            ("project", 0),
            ("forecast-call", 0),
            ("competitor", 0),
            ("comparison", 0),
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
            found = await queries.last_moves(session, [UUID(aged["id"])], ZONE, TODAY)
        assert found == {UUID(aged["id"]): day(until)}

    async def test_a_quote_that_ends_by_itself_is_no_sign_of_anybody(
        self,
        client: httpx.AsyncClient,
        aged: dict[str, Any],
        age: Age,
        make_quote: Make,
        database: Database,
        context: Context,
    ) -> None:
        quote = await make_quote(opportunity_id=aged["id"], expires_on=str(TODAY))
        submitted = await client.post(f"/v1/quotes/{quote['id']}/submit")
        assert submitted.json()["state"] == "approved", submitted.text
        await age(quote, days=30)
        async with database.transaction(replace(context, actor="system:test")) as session:
            assert await expire_due(session, 1, today=day(1)) == 1
        async with database.transaction(context) as session:
            found = await queries.last_moves(session, [UUID(aged["id"])], ZONE, TODAY)
        assert found == {UUID(aged["id"]): day(-30)}

    @pytest.mark.parametrize("what", ["contract", "project"])
    async def test_is_neither_warned_of_nor_taken_back_while_it_is_bound(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        aged: dict[str, Any],
        age: Age,
        record: Record,
        on_day: Pass,
        warned: Warned,
        *,
        what: str,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        await on_day(0)
        bound = await record(aged, what)
        await client.post(f"/v1/{what}s/{bound['id']}/submit")
        await age(bound, days=30)
        for number in (10, 39):  # when it would go back; when it is looked at again
            await on_day(number)
        assert await status(client, aged) == "in_progress"
        assert len(await warned()) == 1

    async def test_work_planned_for_later_puts_the_warning_off(
        self,
        decide: Decide,
        aged: dict[str, Any],
        make_task: Make,
        on_day: Pass,
        database: Database,
        context: Context,
        warned: Warned,
    ) -> None:
        await decide(idle_days=30, warn_days=10)
        await make_task(opportunity_id=aged["id"], due_on=str(day(15)))
        await on_day(0)
        async with database.transaction(context) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(aged["id"])))
            assert row.moved_on == TODAY  # what was seen; the task may be put off or called off
        await on_day(34)
        assert await warned() == []
        await on_day(35)
        assert await warned() == [(aged["id"], str(day(15)), str(day(45)))]

    async def test_stays_after_its_warning_and_is_warned_of_anew(
        self,
        client: httpx.AsyncClient,
        decide: Decide,
        aged: dict[str, Any],
        turn_to: Callable[[dict[str, Any], str], Awaitable[None]],
        on_day: Pass,
        warned: Warned,
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
async def aged(make_in_progress: Make, make_product: Make, age: Age) -> dict[str, Any]:
    """An opportunity in progress to which somebody last turned forty days ago."""
    line = {"product_id": (await make_product())["id"], "quantity": "2"}
    made = await make_in_progress(owner_id=OWNER, lines=[line])
    await age(made, days=40)
    return made


@pytest.fixture
def record(client: httpx.AsyncClient, make_contract: Make, make_project: Make) -> Record:
    """Records something that belongs to an opportunity."""

    async def post(path: str, **body: Any) -> dict[str, Any]:
        done = await client.post(f"/v1/{path}", json=body)
        assert done.is_success, done.text
        made: dict[str, Any] = done.json()
        return made

    async def make(opportunity: dict[str, Any], what: str) -> dict[str, Any]:
        of_it = {"opportunity_id": opportunity["id"]}
        if what == "contract":
            return await make_contract(**of_it)
        if what == "project":
            return await make_project(**of_it, customer_id=opportunity["customer_id"])
        if what == "forecast-call":
            return await post("forecast-calls", category="commit", **of_it)
        of_it["competitor_id"] = (await post("competitors", name="神州数码"))["id"]
        if what == "competitor":
            return await post("opportunity-competitors", **of_it)
        row = {"criterion": "价格", "ours": "4600", "theirs": "4300", "advantage": "theirs"}
        return await post("comparison-sheets", title="对比", criteria=[row], **of_it)

    return make


@pytest.fixture
def system(database: Database, context: Context) -> Callable[..., Awaitable[None]]:
    """Changes an opportunity without anybody."""

    async def change(opportunity: dict[str, Any], **values: Any) -> None:
        async with database.transaction(replace(context, actor="system:test")) as session:
            row = await session.get(Opportunity, (context.tenant_id, UUID(opportunity["id"])))
            for name, value in values.items():
                setattr(row, name, value)
            audit.changed(session, row, "changed")

    return change


@pytest.fixture
def turn_to(
    client: httpx.AsyncClient,
    make_activity: Make,
    make_task: Make,
    make_visit: Make,
    make_quote: Make,
    make_sample: Make,
    system: Callable[..., Awaitable[None]],
    record: Record,
) -> Callable[[dict[str, Any], str], Awaitable[None]]:
    """Does something about an opportunity."""

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
        await (ways[what](opportunity) if what in ways else record(opportunity, what))

    return act
