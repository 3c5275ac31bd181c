"""Duplicates: refused at the create, checked on demand, scanned for and reviewed (C5)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from kehu_customer.duplicates import queries, service
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.session import Session
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
NAME = "深圳华强系统集成有限公司"
ALIKE = "深圳市華強系統集成股份有限公司"
MAYBE = "华强系统集成有限公司"
CODE = "91440300708461136T"


def company(name: str = NAME, **fields: object) -> dict[str, object]:
    return {"kind": "organisation", "name": name} | fields


class TestCreate:
    async def test_of_one_that_is_on_record_is_refused_with_candidates(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_employee: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        there = await make_customer(name=NAME, owner_id=(await make_employee())["id"])
        before = len(await emitted(database, tenant))
        response = await client.post("/v1/customers", json=company(ALIKE))
        assert problem(response) == (409, "duplicate-customer")
        assert response.json()["candidates"] == [
            {
                "customer_id": there["id"],
                "name": NAME,
                "score": 90,
                "reasons": ["same_name"],
                "served_by": "销售部",
            }
        ]
        assert len(await emitted(database, tenant)) == before

    async def test_in_another_tenant(self, client_for: ClientFor, make_customer: Make) -> None:
        await make_customer(name=NAME)
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert (await stranger.post("/v1/customers", json=company())).status_code == 201

    async def test_of_the_same_credit_code_under_another_name(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        await make_customer(name=NAME, credit_code=CODE)
        body = company("一个新名字", credit_code="9144 0300 7084 6113 6t")
        response = await client.post("/v1/customers", json=body)
        assert problem(response) == (409, "duplicate-customer")
        assert response.json()["candidates"][0]["reasons"] == ["same_credit_code"]

    async def test_with_a_credit_code_that_is_none(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.post("/v1/customers", json=company(credit_code="123"))
        assert problem(response) == (422, "invalid-credit-code")

    async def test_of_one_that_may_be_on_record_is_put_up_for_review(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        there = await make_customer(name=NAME)
        response = await client.post("/v1/customers", json=company(MAYBE))
        assert (response.status_code, response.headers["kehu-possible-duplicates"]) == (201, "1")
        [pair] = (await client.get("/v1/duplicates")).json()["items"]
        assert (pair["first_id"], pair["second_id"]) == (there["id"], response.json()["id"])
        assert (pair["state"], pair["source"], pair["score"]) == ("open", "creation", 76)

    @pytest.mark.parametrize(
        "written",
        [b"%E5%8F%A6%E4%B8%80%E5%AE%B6, agreed with Wang", "另一家, agreed with Wang".encode()],
        ids=["encoded", "as it is"],
    )
    async def test_all_the_same_is_allowed_for_a_reason_that_is_kept(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        database: Database,
        tenant: str,
        written: bytes,
    ) -> None:
        await make_customer(name=NAME)
        reason = {b"Kehu-Allow-Duplicate": written}
        response = await client.post("/v1/customers", json=company(), headers=reason)
        assert response.status_code == 201
        entries = [one for one in await audited(database, tenant) if one.entity == "customer"]
        assert entries[-1].changes["allowed_duplicate"]["after"] == "另一家, agreed with Wang"
        [pair] = (await client.get("/v1/duplicates")).json()["items"]
        assert (pair["state"], pair["decision_reason"]) == ("dismissed", "另一家, agreed with Wang")

    @pytest.mark.parametrize("reason", ["true", "%20", "x" * 201])
    async def test_all_the_same_needs_a_reason(
        self, client: httpx.AsyncClient, problem: ProblemOf, reason: str
    ) -> None:
        headers = {"Kehu-Allow-Duplicate": reason}
        response = await client.post("/v1/customers", json=company(), headers=headers)
        assert problem(response) == (400, "invalid-header")

    async def test_all_the_same_needs_a_scope(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        rep = client_for(tenant, roles=("sales_representative",))
        headers = {"Kehu-Allow-Duplicate": "why not"}
        response = await rep.post("/v1/customers", json=company(), headers=headers)
        assert problem(response) == (403, "scope-missing")

    async def test_of_the_same_five_times_at_once_makes_one(
        self, client: httpx.AsyncClient
    ) -> None:
        answers = await asyncio.gather(
            *(client.post("/v1/customers", json=company(name)) for name in [NAME, ALIKE] * 3)
        )
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409, 409]

    async def test_tells_of_what_may_not_be_seen_only_who_serves_it(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_employee: Make,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        there = await make_customer(name=NAME, owner_id=(await make_employee())["id"])

        async def nothing(session: Session, customer_ids: Collection[UUID]) -> set[UUID]:
            return set()

        monkeypatch.setattr(service, "within_sight", nothing)
        response = await client.post("/v1/customers", json=company())
        assert response.status_code == 409
        assert response.json()["candidates"] == [
            {"customer_id": None, "name": None, "score": None, "reasons": [],
             "served_by": "销售部"}
        ]  # fmt: skip
        assert there["id"] not in response.text

    async def test_takes_one_query_more_than_without_matching(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        with count_queries(database) as queries:
            await client.post("/v1/customers", json=company())
        # begin, what is defined and the locks, match keys, row, journal, commit
        assert len(queries) == 6, queries.statements


class TestFind:
    async def test_after_a_change_by_the_new_name(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        there = await make_customer(name="旧名称机械厂")
        url, first = f"/v1/customers/{there['id']}", {"If-Match": '"1"'}
        await client.patch(url, json={"name": NAME, "website": "www.huaqiang.com"}, headers=first)
        found = await _check(client, company())
        assert [one["customer_id"] for one in found["candidates"]] == [there["id"]]
        assert (await _check(client, company("旧名称机械厂")))["verdict"] == "none"

    @pytest.mark.parametrize(
        ("kind", "value", "asked", "reason"),
        [
            ("mobile", "138 0000 0000", {"phone": "+8613800000000"}, "same_phone"),
            ("email", "Wang@Huaqiang.com", {"email": "wang@huaqiang.com"}, "same_email"),
            ("email", "li@huaqiang.com", {"website": "https://www.huaqiang.com/"}, "same_domain"),
            ("address", "科技路 1 号", {"address": "科技路　1 号"}, "same_address"),
        ],
    )
    async def test_by_a_contact_point_of_a_contact(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        make_point: Make,
        kind: str,
        value: str,
        asked: dict[str, str],
        reason: str,
    ) -> None:
        there = await make_customer(name=MAYBE)
        contact = await make_contact(customer_id=there["id"])
        await make_point(contact_id=contact["id"], kind=kind, value=value)
        found = await _check(client, company(**asked))
        assert found["verdict"] == "refuse"
        assert found["candidates"][0]["reasons"] == ["same_name_less_precise", reason]

    async def test_nobody(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        await make_customer(name=NAME)
        assert await _check(client, company("成都另一家")) == {"verdict": "none", "candidates": []}

    @pytest.mark.parametrize(("most", "found"), [(2, []), (3, ["北极星远洋运输代理"])])
    async def test_an_ending_that_too_many_names_share_tells_nobody_apart(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        monkeypatch: pytest.MonkeyPatch,
        most: int,
        found: list[str],
    ) -> None:
        for name in ("北极星远洋运输代理", "红太阳远洋运输代理", "青松岭远洋运输代理"):
            await make_customer(name=name)
        monkeypatch.setattr(queries, "MOST_PER_KEY", most)
        checked = await _check(client, company("北极光远洋运输代理"))
        assert [one["name"] for one in checked["candidates"]] == found


class TestScan:
    async def test_puts_pairs_up_once_and_goes_on_where_it_stopped(
        self, client: httpx.AsyncClient, make_customer: Make
    ) -> None:
        names = ["旧甲", NAME, "旧乙"]
        made = [await make_customer(name=name) for name in names]
        for one in (made[0], made[2]):
            url = f"/v1/customers/{one['id']}"
            await client.patch(url, json={"name": ALIKE}, headers={"If-Match": '"1"'})
        found = [one async for one in _scan(client, limit=2)]
        assert [(one["looked_at"], one["found"]) for one in found] == [(2, 3), (1, 0)]
        assert [one["found"] async for one in _scan(client, limit=2)] == [0, 0]
        pairs = (await client.get("/v1/duplicates", params={"state": "open"})).json()["items"]
        assert {(one["score"], one["source"]) for one in pairs} == {(90, "scan")}

    async def test_what_was_dismissed_does_not_return(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        await make_customer(name=NAME)
        await make_customer(name=MAYBE)
        [pair] = (await client.get("/v1/duplicates")).json()["items"]
        url = f"/v1/duplicates/{pair['id']}/dismiss"
        dismissed = await client.post(url, json={"reason": "两家公司"})
        assert (dismissed.json()["state"], dismissed.json()["decided_by"]) == (
            "dismissed",
            "tester",
        )
        assert problem(await client.post(url, json={"reason": "x"})) == (409, "pair-is-decided")
        assert [one["found"] async for one in _scan(client)] == [0]
        open_ones = await client.get("/v1/duplicates", params={"state": "open"})
        assert open_ones.json()["items"] == []

    async def test_takes_the_same_few_queries_for_many(
        self, client: httpx.AsyncClient, make_customer: Make, database: Database
    ) -> None:
        for number in range(5):
            await make_customer(name=f"公司名称{number}号")
        with count_queries(database) as queries:
            await client.post("/v1/duplicate-scans", json={})
        # begin, rules, lot, points, pairs, keys, candidates, commit
        assert len(queries) == 8, queries.statements


class TestRules:
    async def test_a_tenant_only_warns(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        read = await client.get("/v1/duplicate-rules")
        assert (read.headers["etag"], read.json()["refuse_from"]) == ('"0"', 85)
        body = {"refuse_from": 101, "points": {"phone": 80}}
        changed = await client.patch("/v1/duplicate-rules", json=body, headers={"If-Match": '"0"'})
        assert changed.json()["points"]["phone"] == 80
        assert changed.json()["points"]["email"] == 70
        await make_customer(name=NAME)
        response = await client.post("/v1/customers", json=company())
        assert (response.status_code, response.headers["kehu-possible-duplicates"]) == (201, "1")

    async def test_warnings_begin_before_refusals(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(
            "/v1/duplicate-rules", json={"warn_from": 99}, headers={"If-Match": '"0"'}
        )
        assert problem(response) == (422, "thresholds-cross")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(
            "/v1/duplicate-rules", json={"warn_from": 50}, headers={"If-Match": '"3"'}
        )
        assert problem(response) == (412, "version-conflict")


async def _check(client: httpx.AsyncClient, body: dict[str, object]) -> dict[str, Any]:
    response = await client.post("/v1/duplicate-checks", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def _scan(client: httpx.AsyncClient, limit: int = 100) -> Any:
    after = None
    while True:
        body = {"limit": limit, "after": after}
        lot = (await client.post("/v1/duplicate-scans", json=body)).json()
        yield lot
        after = lot["next_after"]
        if after is None:
            return


POINTS = """
    INSERT INTO contact_points (tenant_id, id, version, created_at, updated_at, customer_id, kind,
        purpose, value, normalised, is_primary, active)
    SELECT {tenant}, gen_random_uuid(), 1, now(), now(), $1, 'email', 'work', value, value,
        false, true
    FROM generate_series(1, {times}) AS n, format('n%s@d%s.example.cn', n, {number}) AS value
"""


@pytest.fixture
async def many_tenants(make_customer: Make, cluster: Cluster, running: RunningService) -> None:
    """Statistics of a table in which a tenant has one address, and many have the same domain."""
    somebody = UUID((await make_customer())["id"])
    connection = await asyncpg.connect(cluster.superuser(running.settings.database_url))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            POINTS.format(tenant="'t-none-' || n", number="n / 1500", times=3000), somebody
        )
        await connection.execute("ANALYZE contact_points")
        await connection.execute("DELETE FROM contact_points WHERE tenant_id LIKE 't-none-%'")
    finally:
        await connection.close()


async def test_a_mail_domain_is_found_without_reading_all_addresses(
    make_customer: Make, database: Database, tenant: str, many_tenants: None
) -> None:
    there = UUID((await make_customer(name=NAME))["id"])
    asked = (tenant, [UUID(int=1)], ["domain"], ["d777.example.cn"], queries.MOST_PER_KEY)
    async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
        await session.fetch("SET LOCAL plan_cache_mode = force_generic_plan")
        await session.fetch(POINTS.format(tenant=f"'{tenant}'", number="n", times=20000), there)
        (found,) = await session.fetch(f"WITH {queries.FIND}", *asked)
        ((plan,),) = await session.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) WITH {queries.FIND}", *asked
        )
    assert (found["id"], found["kinds"]) == (there, ["domain"])
    (read,) = [one["Plan"]["Shared Hit Blocks"] for one in plan]
    assert read < 100, "the addresses fill 300 pages and more"
