"""Collisions are found when something is entered or changes, and told without leaking."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plans import EMPTIED, NEVER_ANALYSED
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.collisions import queries

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Login = Callable[[str, str], httpx.AsyncClient]
PATH = "/v1/collisions"
OPPORTUNITIES = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
FANG, LEI = str(UUID(int=71)), str(UUID(int=72))
EAST, WEST = str(UUID(int=81)), str(UUID(int=82))
OF_FANG = {"owner_id": FANG, "department_id": EAST}
OF_LEI = {"owner_id": LEI, "department_id": WEST}
OPENED_EARLIER = "UPDATE opportunities SET opened_on = $2 WHERE id = $1"


async def states(client: httpx.AsyncClient) -> list[str]:
    return sorted(one["state"] for one in (await client.get(PATH)).json()["items"])


class TestEntry:
    async def test_the_answer_names_what_it_collides_with(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        database: Database,
        tenant: str,
    ) -> None:
        customer = await make_customer()
        await make_opportunity(customer_id=customer, **OF_FANG)
        body = {"topic": "服务器更新", "customer_id": customer, **OF_LEI}
        second = await client.post(OPPORTUNITIES, json=body)
        assert second.status_code == 201, second.text
        number = second.headers["kehu-collisions"]
        assert number == f"COL-{TODAY.year}-000001"
        (found,) = (await client.get(PATH, params={"number": number})).json()["items"]
        assert (found["state"], found["relation"], found["overlap"]) == (
            "open", "same", "unspecified"
        )  # fmt: skip
        (event,) = await emitted(database, tenant, "sales.collision-found.v1")
        assert event.data["number"] == number
        actions = [one.action for one in await audited(database, tenant)]
        assert "collision.created" in actions

    async def test_two_in_progress_opened_thirteen_months_apart_collide(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        database: Database,
        context: Context,
    ) -> None:
        customer = await make_customer()
        first = await make_opportunity(customer_id=customer, **OF_FANG)
        async with database.transaction(context) as session:
            await session.fetch(OPENED_EARLIER, UUID(first["id"]), TODAY - timedelta(days=396))
        await make_opportunity(customer_id=customer, **OF_LEI)
        assert await states(client) == ["open"]

    async def test_one_owner_or_no_owner_collides_with_nobody(
        self, client: httpx.AsyncClient, make_opportunity: Make, make_customer: MakeCustomer
    ) -> None:
        customer = await make_customer()
        for whose in (OF_FANG, OF_FANG, {}):
            await make_opportunity(customer_id=customer, **whose)
        assert await states(client) == []

    async def test_is_refused_where_the_tenant_decided_so(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
        directory: None,
    ) -> None:
        await decide(at_entry="refuse")
        customer = await make_customer()
        first = await make_opportunity(customer_id=customer, **OF_FANG)
        body = {"topic": "服务器更新", "customer_id": customer, **OF_LEI}
        refused = await client.post(OPPORTUNITIES, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "opportunity-collides")
        assert refused.json()["candidates"] == [
            {
                "relation": "same", "overlap": "unspecified", "opportunity_id": first["id"],
                "owner_id": FANG, "department_code": "华东销售部", "department_name": "华东销售部",
            }
        ]  # fmt: skip
        assert len((await client.get(OPPORTUNITIES)).json()["items"]) == 1
        assert await states(client) == []
        why = {"Kehu-Allow-Collision": "%E4%B8%A4%E4%B8%AA%E9%A1%B9%E7%9B%AE"}
        allowed = await client.post(OPPORTUNITIES, json=body, headers=why)
        assert allowed.status_code == 201, allowed.text
        (found,) = (await client.get(PATH)).json()["items"]
        assert found["entry_reason"] == "两个项目"

    async def test_who_may_not_see_the_other_side_hears_its_department_only(
        self,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
        directory: None,
        login: Login,
        problem: ProblemOf,
    ) -> None:
        customer = await make_customer()
        first = await make_opportunity(
            topic="机密", customer_id=customer, owner_id=FANG, department_id=None
        )
        lei = login(LEI, "own")
        body = {"topic": "服务器更新", "customer_id": customer, **OF_LEI}
        assert (await lei.post(OPPORTUNITIES, json=body)).status_code == 201
        listed = await lei.get(PATH)
        (found,) = listed.json()["items"]
        hidden = next(one for one in found["sides"] if not one["visible"])
        assert hidden == {
            "visible": False, "opportunity_id": None, "number": None, "customer_id": None,
            "owner_id": None, "department_code": "华东销售部", "department_name": "华东销售部",
            "claims": False, "keeps": False,
        }  # fmt: skip
        await decide(at_entry="refuse")
        refused = await lei.post(OPPORTUNITIES, json=body | {"owner_id": LEI})
        assert problem(refused) == (409, "opportunity-collides")
        assert {one["department_name"] for one in refused.json()["candidates"]} == {"华东销售部"}
        for answer in (listed, refused):
            assert first["id"] not in answer.text
            assert first["number"] not in answer.text
            assert FANG not in answer.text
        for name, value in {"opportunity_id": first["id"], "owner_id": FANG}.items():
            assert (await lei.get(PATH, params={name: value})).json()["items"] == []
        no = await lei.post(OPPORTUNITIES, json=body, headers={"Kehu-Allow-Collision": "needed"})
        assert problem(no) == (403, "scope-missing")

    @pytest.mark.parametrize("broken", ["%E4%B8", "50%", "%zz"])
    async def test_a_reason_in_broken_encoding_is_refused_and_says_how_to_encode(
        self, client: httpx.AsyncClient, make_opportunity: Make, make_customer: MakeCustomer,
        problem: ProblemOf, broken: str,
    ) -> None:  # fmt: skip
        customer = await make_customer()
        await make_opportunity(customer_id=customer, **OF_FANG)
        body = {"topic": "服务器更新", "customer_id": customer, **OF_LEI}
        headers = {"Kehu-Allow-Collision": broken}
        refused = await client.post(OPPORTUNITIES, json=body, headers=headers)
        assert problem(refused) == (400, "invalid-header")
        assert "%25" in refused.json()["detail"]
        headers["Kehu-Allow-Collision"] = "50%25"
        assert (await client.post(OPPORTUNITIES, json=body, headers=headers)).status_code == 201

    @pytest.mark.parametrize("change", ["owner", "customer", "lines", "take-up"], ids=str)
    async def test_a_change_may_collide(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        make_product: Make,
        change: str,
    ) -> None:
        customer, product = await make_customer(), (await make_product())["id"]
        lines = [{"product_id": product, "quantity": "1"}]
        await make_opportunity(customer_id=customer, lines=lines, **OF_FANG)
        other = [{"product_id": (await make_product())["id"], "quantity": "1"}]
        given = {"customer_id": customer, "lines": lines, **OF_LEI} | {
            "owner": {"owner_id": None},
            "customer": {"customer_id": None},
            "lines": {"lines": other},
            "take-up": {"owner_id": None},
        }[change]
        made = await make_opportunity(**given)
        assert await states(client) == []
        url = f"{OPPORTUNITIES}/{made['id']}"
        if change == "take-up":
            await client.post(f"{url}/return-to-pool", json={"reason": "暂缓"})
            answer = await client.post(f"{url}/take-up", json={"owner_id": LEI})
        else:
            name = {"owner": "owner_id", "customer": "customer_id", "lines": "lines"}[change]
            value = {"owner_id": LEI, "customer_id": customer, "lines": lines}[name]
            answer = await client.patch(url, json={name: value}, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
        assert answer.headers["kehu-collisions"].startswith("COL-")
        assert await states(client) == ["open"]

    async def test_what_no_longer_overlaps_lapses_and_may_come_again(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer, pair: list[dict[str, Any]]
    ) -> None:
        url, customer = f"{OPPORTUNITIES}/{pair[1]['id']}", await make_customer()
        for version, whose in enumerate((customer, pair[0]["customer_id"]), 1):
            answer = await client.patch(
                url, json={"customer_id": whose}, headers={"If-Match": f'"{version}"'}
            )
            assert answer.status_code == 200, answer.text
            assert await states(client) == [["lapsed"], ["open"]][version - 1]

    async def test_two_at_once_do_not_miss_each_other(
        self, client: httpx.AsyncClient, make_method: Make, make_customer: MakeCustomer
    ) -> None:
        await make_method()
        customer = await make_customer()
        people = [str(uuid4()) for _ in range(6)]
        answers = await asyncio.gather(
            *(
                client.post(
                    OPPORTUNITIES,
                    json={"topic": "更新", "customer_id": customer, "owner_id": one},
                )
                for one in people
            )
        )
        assert {one.status_code for one in answers} == {201}
        # each with each: 6 * 5 / 2
        assert len(await states(client)) == 15

    async def test_a_batch_collides_too(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
    ) -> None:
        await make_method()
        customer = await make_customer()
        commands = [
            {"op": "create", "topic": "更新", "customer_id": customer, **one}
            for one in (OF_FANG, OF_LEI)
        ]
        answer = await client.post(f"{OPPORTUNITIES}/batch", json={"commands": commands})
        assert [one["status"] for one in answer.json()["items"]] == ["ok", "ok"]
        assert await states(client) == ["open"]
        await decide(at_entry="refuse")
        commands[0]["customer_id"] = commands[1]["customer_id"] = await make_customer()
        answer = await client.post(f"{OPPORTUNITIES}/batch", json={"commands": commands})
        items = answer.json()["items"]
        assert [one["status"] for one in items] == ["ok", "failed"]
        assert items[1]["problem"]["code"] == "opportunity-collides"

    async def test_nothing_is_looked_for_where_the_tenant_ignores_it(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        decide: Callable[..., Awaitable[None]],
    ) -> None:
        await decide(at_entry="ignore")
        customer = await make_customer()
        for whose in (OF_FANG, OF_LEI):
            await make_opportunity(customer_id=customer, **whose)
        assert await states(client) == []

    async def test_an_entry_costs_the_same_however_much_there_is(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        database: Database,
    ) -> None:
        customer = await make_customer()
        counts = []
        for _ in range(3):
            body = {"topic": "更新", "customer_id": customer, "owner_id": str(uuid4())}
            await make_opportunity(**body)
            with count_queries(database) as seen:
                await client.post(OPPORTUNITIES, json=body | {"owner_id": str(uuid4())})
            counts.append(len(seen.statements))
        assert len(set(counts)) == 1


OTHER_INDEXES = """
    SELECT indexrelid::regclass::text FROM pg_index
    WHERE indrelid = 'opportunities'::regclass AND NOT indisunique
        AND indexrelid <> 'ix_opportunities_open_customer'::regclass
"""


async def test_candidates_are_found_by_their_customers(
    running: RunningService, cluster: Cluster
) -> None:
    """Also under row-level security, which keeps indexes from what the planner takes for leaky."""
    connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
    try:
        await connection.execute("BEGIN")
        await connection.execute(EMPTIED)
        await connection.execute(NEVER_ANALYSED)
        for (name,) in await connection.fetch(OTHER_INDEXES):  # in a small table any would do
            await connection.execute(f"DROP INDEX {name}")
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL ROLE kehu_app")
        plan = await connection.fetch(
            f"EXPLAIN {queries.CANDIDATES}",
            "t",
            [uuid4(), uuid4()],
            TODAY,
            TODAY,
            "[]",
            [],
            False,
            1,
            True,
            True,
            9,
        )
    finally:
        await connection.close()
    lines = [line for (line,) in plan]
    at = next(n for n, line in enumerate(lines) if "ix_opportunities_open_customer" in line)
    assert "customer_id = ANY" in "".join(lines[at : at + 2]), lines
