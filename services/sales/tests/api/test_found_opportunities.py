"""Lists by topic and product: the same as looking at each opportunity, but by an index."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from kehu_contracts.access import RowScope
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import nodes, planner
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.opportunities import queries
from kehu_sales.opportunities.models import Opportunity

Make = Callable[..., Awaitable[dict[str, Any]]]
Ids = set[str]
PATH = "/v1/opportunities"
SEEN = "SELECT opportunity_id::text FROM opportunity_terms WHERE tenant_id = $1"

STATEMENTS = """
    SELECT replace(found[1], '''''', '''') AS statement
    FROM pg_proc, regexp_matches(prosrc, 'EXECUTE ''(.*?)''\\s+INTO', 'g') AS found
    WHERE proname = 'opportunity_candidates'
"""
"""What `opportunity_candidates` asks, which no plan shows from outside."""
VARY = """
    UPDATE opportunities SET expected_revenue = ascii(right(number, 1)) % 3,
        expected_close_on = CASE WHEN right(number, 1) > '3'
            THEN date '2026-12-01' + ascii(right(number, 1)) % 4 END,
        level_rank = CASE WHEN right(number, 1) > '5' THEN ascii(right(number, 1)) % 2 END
    WHERE tenant_id = $1
"""
NOT_LOOKED_FOR = "00000000-0000-0000-0000-000000000007"
ENTER = """
    INSERT INTO opportunity_terms (tenant_id, opportunity_id, terms)
    SELECT $1, lpad(to_hex($2 + n), 32, '0')::uuid,
        opportunity_terms_of($1, $3, '[]', $4, NULL, NULL)
    FROM generate_series(1, $5) AS n
"""


@dataclass
class Kept:
    """Enters what the index keeps of opportunities, each lot newer than the one before."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    tenant: str
    place: int = 0

    async def enter(self, topic: str, count: int, *, owner: UUID | None = None) -> None:
        await self.connection.execute(ENTER, self.tenant, self.place, topic, owner, count)
        self.place += count


@pytest.fixture
async def kept(running: RunningService, cluster: Cluster, tenant: str) -> AsyncIterator[Kept]:
    """The tenant's part of the index, which only triggers write else."""
    connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
    yield Kept(connection, tenant)
    await connection.close()


async def found_for(database: Database, caller: Context, q: str) -> int | None:
    """Return how many ids a list is read by; None where it is looked through."""
    async with database.transaction(caller) as session:
        (found,) = await session.fetch(queries.CANDIDATES, q, None, queries.MOST, "created_at")
    return None if found["ids"] is None else len(found["ids"].strip("{}").split(","))


async def listed(client: httpx.AsyncClient, **asked: Any) -> Ids:
    answer = await client.get(PATH, params={"limit": 200, "count": "exact"} | asked)
    assert answer.status_code == 200, answer.text
    found = {one["id"] for one in answer.json()["items"]}
    assert answer.json()["count"] == len(found)
    return found


async def walked(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    """Return the ids of all pages, in their order."""
    found: list[str] = []
    while asked.get("cursor", "") is not None:
        page = (await client.get(PATH, params=asked)).json()
        found += [one["id"] for one in page["items"]]
        asked["cursor"] = page["next_cursor"]
    return found


@pytest.fixture(params=[5_000, -1], ids=["few", "many"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many the index may find: either it finds them, or the list is looked through."""
    monkeypatch.setattr(queries, "MOST", request.param)
    return int(request.param)


@pytest.fixture
async def topics(client: httpx.AsyncClient, make_method: Make, make_product: Make) -> Any:
    """Sixty opportunities, their topics of few signs in all orders, with lines of ten products."""
    await make_method()
    products = [(await make_product())["id"] for _ in range(10)]
    chosen = random.Random(5)  # noqa: S311 - no secret
    commands = []
    for _ in range(60):
        topic = "".join(chosen.choices("服务器采购aAbB%_\\ÄäßİΣσς 1", k=chosen.randint(1, 9)))
        sold = chosen.sample(products, chosen.randint(0, 2))
        lines = [{"product_id": one, "quantity": "1"} for one in sold]
        commands.append({"op": "create", "topic": f"x{topic}x商机", "lines": lines})
    answer = await client.post(f"{PATH}/batch", json={"commands": commands})
    assert {one["status"] for one in answer.json()["items"]} == {"ok"}, answer.text
    entered = [one["opportunity_id"] for one in answer.json()["items"]]
    return dict(zip(entered, commands, strict=True)), products


async def test_finds_what_looking_at_each_one_would_find(
    client: httpx.AsyncClient,
    database: Database,
    context: Context,
    topics: tuple[Mapping[str, dict[str, Any]], list[str]],
    few: int,
) -> None:
    entered, products = topics
    chosen = random.Random(7)  # noqa: S311 - no secret
    found, by_ids = 0, set()
    for number in range(60):
        topic = entered[chosen.choice(list(entered))]["topic"]
        place = chosen.randrange(len(topic))
        q = topic[place : place + number % 4 + 1]
        q = q.swapcase() if q.isascii() else q
        asked: dict[str, Any] = {"q": q}
        if number % 3 == 0:
            asked["product_id"] = products[number % 10]
        contains = select(Opportunity.id).where(
            Opportunity.tenant_id == context.tenant_id,
            Opportunity.topic.icontains(q, autoescape=True),
        )
        async with database.transaction(context) as session:
            expected = {str(one) for one in await session.scalars(contains)}
        if "product_id" in asked:
            expected = {one for one in expected if asked["product_id"] in str(entered[one])}
        with count_queries(database) as seen:
            assert await listed(client, **asked) == expected, asked
        by_ids.add("unnest" in f"{seen.statements}")
        found += len(expected)
    assert found > 60
    assert by_ids == ({True, False} if few > 0 else {False})
    for product in products:
        of_it = {one for one in entered if product in str(entered[one]["lines"])}
        assert await listed(client, product_id=product) == of_it
    assert await listed(client, q="没有这个") == await listed(client, product_id=uuid4()) == set()


@pytest.mark.usefixtures("few")
async def test_what_changes_is_found_by_what_it_is_now(
    client: httpx.AsyncClient, make_opportunity: Make, make_product: Make
) -> None:
    made = await make_opportunity(topic="机房改造")
    product = (await make_product())["id"]
    changed = await client.patch(
        f"{PATH}/{made['id']}",
        json={"topic": "网络升级", "lines": [{"product_id": product, "quantity": "1"}]},
        headers={"If-Match": '"1"'},
    )
    assert changed.status_code == 200, changed.text
    assert await listed(client, q="机房") == set()
    assert await listed(client, q="络升", product_id=product) == {made["id"]}


async def test_pages_in_every_order_are_those_of_the_whole_list(
    client: httpx.AsyncClient,
    database: Database,
    kept: Kept,
    topics: tuple[Mapping[str, dict[str, Any]], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where what they are ordered by was changed, is missing, or is the same of several."""
    await kept.connection.execute(VARY, kept.tenant)
    asked = {"product_id": topics[1][3]}
    orders = set()
    for sort in (f"{sign}{name}" for name in queries.SORT_COLUMNS for sign in ("", "-")):
        monkeypatch.setattr(queries, "MOST", 5_000)
        with count_queries(database) as seen:
            found = await walked(client, sort=sort, limit=2, **asked)
        assert "unnest" in f"{seen.statements}"
        monkeypatch.setattr(queries, "MOST", -1)
        assert found == await walked(client, sort=sort, limit=200, **asked), sort
        assert set(found) == await listed(client, **asked)
        orders.add(tuple(found))
    assert len(orders) >= 8  # of ten, or nothing was varied


async def test_of_callers_with_a_row_scope_only_the_own_are_looked_for(
    client_for: ClientFor,
    database: Database,
    context: Context,
    make_opportunity: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What others have makes neither a page shorter nor an answer slower."""
    me, other = uuid4(), uuid4()
    mine = [await make_opportunity(topic="机密商机", owner_id=str(me))]
    mine.append(await make_opportunity(topic="机密商机"))  # nobody's is everybody's
    for _ in range(3):
        await make_opportunity(topic="机密商机", owner_id=str(other))
    ids = {one["id"] for one in mine}
    own = replace(context, employee_id=me, row_scope=RowScope.OWN)
    async with database.transaction(own) as session:
        (found,) = await session.fetch(queries.CANDIDATES, "密商", None, 2, "created_at")
        assert set(found["ids"].strip("{}").split(",")) == ids
        rows = await session.fetch(SEEN, context.tenant_id)
        assert {row[0] for row in rows} == ids
    client = client_for(context.tenant_id, employee_id=str(me), row_scope="own")
    for few in (2, 1):
        monkeypatch.setattr(queries, "MOST", few)
        assert await listed(client, q="密商") == ids
        assert await listed(client, q="机密商机", sort="number") == ids


async def test_who_gets_or_decides_on_an_opportunity_finds_it(
    client: httpx.AsyncClient, client_for: ClientFor, make_opportunity: Make, tenant: str
) -> None:
    evaluator = uuid4()
    made = await make_opportunity(topic="等待评审", owner_id=str(uuid4()))
    judge = client_for(tenant, employee_id=str(evaluator), row_scope="own")
    assert await listed(judge, q="评审") == set()
    submitted = await client.post(
        f"{PATH}/{made['id']}/submit", json={"evaluator_id": str(evaluator)}
    )
    assert submitted.status_code == 200, submitted.text
    assert await listed(judge, q="评审") == {made["id"]}


async def test_of_another_tenant_nothing_is_found(
    client_for: ClientFor, make_opportunity: Make
) -> None:
    made = await make_opportunity(topic="别家的商机")
    assert made["topic"] == "别家的商机"
    assert await listed(client_for(f"t{uuid4().hex}"), q="别家") == set()


async def test_words_that_no_topic_can_have(client: httpx.AsyncClient) -> None:
    for q in ("\x00", "a\x00b"):
        answer = await client.get(PATH, params={"q": q})
        assert answer.status_code == 422, answer.text


async def test_what_is_common_among_the_oldest_and_the_newest_is_looked_through(
    database: Database, context: Context, kept: Kept
) -> None:
    for _ in range(2):
        await kept.enter("采购服务器", 9)
        await kept.enter("升级网络", 600)
        await kept.enter("采购服务器", 9)
    assert await found_for(database, context, "服务") == 36
    await kept.enter("采购服务器", 1)
    assert await found_for(database, context, "服务") == 37
    await kept.connection.execute(
        "UPDATE opportunity_terms SET terms = opportunity_terms_of($1, $2, '[]', NULL, NULL, NULL) "
        "WHERE tenant_id = $1 AND opportunity_id = lpad('a', 32, '0')::uuid",
        kept.tenant, "采购服务器",
    )  # fmt: skip
    assert await found_for(database, context, "服务") is None


async def test_what_only_the_newest_have_is_found_by_ids(
    database: Database, context: Context, kept: Kept
) -> None:
    """In any other order a page would be looked for up to the end of the list."""
    await kept.enter("升级网络", 600)
    await kept.enter("春季活动", 40)
    assert await found_for(database, context, "春季") == 40


async def test_what_others_have_makes_nothing_common(
    database: Database, context: Context, kept: Kept
) -> None:
    """Neither another tenant's nor, for a caller with a row scope, a colleague's."""
    me = uuid4()
    own = replace(context, employee_id=me, row_scope=RowScope.OWN)
    await replace(kept, tenant=f"t{uuid4().hex}").enter("采购服务器", 50)
    await kept.enter("采购服务器", 3, owner=me)
    assert await found_for(database, context, "服务") == 3
    await kept.enter("采购服务器", 50, owner=uuid4())
    assert await found_for(database, context, "服务") is None
    assert await found_for(database, own, "服务") == 3
    await kept.enter("采购服务器", 7, owner=me)
    assert await found_for(database, own, "服务") is None


@pytest.mark.parametrize("name", ["customer_id", "lead_id", "number", "external_ref"])
async def test_beside_what_few_have_no_ids_are_looked_for(
    name: str, client: httpx.AsyncClient, database: Database
) -> None:
    with count_queries(database) as seen:
        assert await listed(client, q="服务", status="won") == set()
    assert "opportunity_candidates" in f"{seen.statements}"
    with count_queries(database) as seen:
        assert await listed(client, q="服务", **{name: NOT_LOOKED_FOR}) == set()
    assert "opportunity_candidates" not in f"{seen.statements}"


async def test_an_estimate_of_what_is_found_by_ids_is_their_number(
    client: httpx.AsyncClient, make_opportunity: Make
) -> None:
    for number in range(6):
        await make_opportunity(topic=f"采购服务器 {number}")
    answer = await client.get(PATH, params={"q": "服务", "count": "estimated", "limit": 2})
    assert answer.json()["count"] == 6


async def test_processes_of_the_version_before_find_the_same(
    client: httpx.AsyncClient, database: Database, context: Context, make_opportunity: Make
) -> None:
    made = await make_opportunity(topic="采购服务器")
    before = "SELECT opportunity_candidates('服务', NULL, departments_in_sight(), $1)"
    async with database.transaction(context) as session:
        assert await session.fetch(before, 1) == [(f"{{{made['id']}}}",)]
        assert await session.fetch(before, 0) == [(None,)]


async def test_an_index_finds_the_ids_and_their_key_the_rows(
    client: httpx.AsyncClient,
    database: Database,
    running: RunningService,
    cluster: Cluster,
    context: Context,
) -> None:
    tenant = context.tenant_id
    with count_queries(database) as seen:
        await client.get(PATH, params={"q": "服务", "product_id": NOT_LOOKED_FOR})
    (page,) = [one for one in seen.statements if "ORDER BY" in one]
    asked = (f'[{{"product_id": "{NOT_LOOKED_FOR}"}}]', "服务")
    found = ("{00000000-0000-0000-0000-000000000001}", "{2026-11-23}")
    superuser = cluster.superuser(running.settings.database_url)
    async with planner(superuser, "kehu_app") as asking:
        plan = await asking.plan(page, *found, tenant, *asked, 51)
    assert "pk_opportunities" in f"{plan}", plan
    assert "ix_opportunities" not in f"{plan}", plan
    ordered = [one for one in nodes(plan) if one["Node Type"] == "Sort"]
    assert ordered, plan
    assert "opportunities" not in f"{ordered}", plan  # what is sorted is found, and not read yet
    async with database.transaction(context) as session:
        ends, index = [row[0] for row in await session.fetch(STATEMENTS)]
    async with planner(superuser, "kehu_owner") as asking:
        plan = f"{await asking.plan(ends, tenant, [1, 2], [3])}"
        assert plan.count("pk_opportunity_terms") == 2, plan
        assert "Sort" not in plan, plan  # nothing but the ends is read
        for mine in ([3], None):
            plan = f"{await asking.plan(index, tenant, [1, 2], mine, 51, 'number')}"
            assert "ix_opportunity_terms_terms" in plan, plan
            assert "pk_opportunity_terms" not in plan, plan
            assert ("&&" in plan) == (mine is not None), plan
