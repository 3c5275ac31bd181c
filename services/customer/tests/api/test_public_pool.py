"""The public pool (公海): claim, return, be taken back (C4)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts.examples import load
from kehu_contracts.fieldwork import ActivityRecorded
from kehu_customer.public_pool.service import record_follow_up
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Login = Callable[[dict[str, Any]], httpx.AsyncClient]
Later = Callable[..., Awaitable[None]]

RULES = {
    "max_held": 100,
    "protection_days": 30,
    "reclaim_after_days": 7,
    "recycled_states": ["prospect"],
}


@pytest.fixture
async def fang(make_employee: Make) -> dict[str, Any]:
    """A sales representative."""
    return await make_employee(name="王芳")


@pytest.fixture
def login(client_for: ClientFor, tenant: str) -> Login:
    """A sales representative who sees the own customers and the pool."""

    def make(employee: dict[str, Any]) -> httpx.AsyncClient:
        return client_for(
            tenant,
            roles=("sales_representative",),
            subject=employee["code"],
            employee_id=employee["id"],
            row_scope="own",
        )

    return make


@pytest.fixture
def decide(client: httpx.AsyncClient) -> Callable[..., Awaitable[httpx.Response]]:
    """Decides on the rules of the tenant, for the first time."""

    async def put(**fields: Any) -> httpx.Response:
        body = RULES | fields
        return await client.put("/v1/pool-rules", json=body, headers={"If-Match": '"0"'})

    return put


@pytest.fixture
def owned_for(running: RunningService, tenant: str) -> Later:
    """Lets an owner have had a customer for so many days already, as the table owner."""

    async def have(customer: dict[str, Any], days: int) -> None:
        url = running.settings.owner_database_url
        assert url is not None
        owner = Database(url, application_name="tester")
        context = Context(tenant_id=tenant, actor="tester")
        async with owner.transaction(context) as session:
            await session.execute(text("ALTER TABLE owner_changes NO FORCE ROW LEVEL SECURITY"))
            await session.fetch(
                "UPDATE owner_changes SET at = at - make_interval(days => $3) "
                "WHERE tenant_id = $1 AND customer_id = $2",
                tenant,
                UUID(customer["id"]),
                days,
            )
            await session.execute(text("ALTER TABLE owner_changes FORCE ROW LEVEL SECURITY"))
        await owner.dispose()

    return have


async def recycle(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/public-pool/recycle", json=body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def merge(
    client: httpx.AsyncClient, survivor: dict[str, Any], *merged: dict[str, Any]
) -> None:
    """Make records part of another one."""
    body = {"survivor_id": survivor["id"], "merged_ids": [one["id"] for one in merged]}
    answer = await client.post("/v1/merges", json=body)
    assert answer.status_code == 201, answer.text


class TestClaim:
    async def test_who_claims_a_customer_looks_after_it(
        self,
        login: Login,
        fang: dict[str, Any],
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        rep = login(fang)
        pool = (await rep.get("/v1/customers", params={"in_pool": "true"})).json()["items"]
        assert [one["id"] for one in pool] == [customer["id"]]
        claimed = await rep.post(f"/v1/customers/{customer['id']}/claim")
        assert claimed.status_code == 200, claimed.text
        body = claimed.json()
        assert (body["owner_id"], body["department_id"]) == (fang["id"], fang["department_id"])
        assert claimed.headers["etag"] == '"2"'
        assert (await rep.get("/v1/customers", params={"in_pool": "true"})).json()["items"] == []
        (told,) = await emitted(database, tenant, "customer.customer-handed-over.v1")
        assert (told.data["previous_owner_id"], told.data["owner_id"]) == (None, fang["id"])
        assert (await audited(database, tenant))[-1].action == "customer.claimed"
        again = await rep.post(f"/v1/customers/{customer['id']}/claim")
        assert (again.status_code, again.json()["code"]) == (409, "already-yours")

    async def test_of_two_who_claim_at_once_exactly_one_gets_it(
        self,
        login: Login,
        make_employee: Make,
        customer: dict[str, Any],
        client: httpx.AsyncClient,
        problem: ProblemOf,
    ) -> None:
        reps = [login(await make_employee()) for _ in range(4)]
        url = f"/v1/customers/{customer['id']}/claim"
        answers = await asyncio.gather(*(rep.post(url) for rep in reps))
        won = [one for one in answers if one.status_code == 200]
        lost = [one for one in answers if one.status_code != 200]
        assert len(won) == 1
        assert [problem(one) for one in lost] == [(409, "not-in-pool")] * 3
        changes = await client.get("/v1/owner-changes", params={"customer_id": customer["id"]})
        assert [one["owner_id"] for one in changes.json()["items"]] == [won[0].json()["owner_id"]]

    async def test_who_comes_too_late_learns_nothing_of_the_customer(
        self,
        login: Login,
        fang: dict[str, Any],
        make_employee: Make,
        make_customer: Make,
        problem: ProblemOf,
    ) -> None:
        theirs = await make_customer(owner_id=(await make_employee())["id"])
        rep, url = login(fang), f"/v1/customers/{theirs['id']}"
        answer = await rep.post(f"{url}/claim")
        assert problem(answer) == (409, "not-in-pool")
        assert theirs["name"] not in answer.text
        assert (await rep.get(url)).status_code == 404

    async def test_nobody_claims_more_than_the_limit_not_even_at_once(
        self,
        login: Login,
        fang: dict[str, Any],
        make_customer: Make,
        decide: Callable[..., Awaitable[httpx.Response]],
        problem: ProblemOf,
    ) -> None:
        assert (await decide(max_held=2)).status_code == 200
        made = [await make_customer() for _ in range(5)]
        rep = login(fang)
        answers = await asyncio.gather(
            *(rep.post(f"/v1/customers/{one['id']}/claim") for one in made)
        )
        assert sorted(one.status_code for one in answers) == [200, 200, 409, 409, 409]
        refused = [one for one in answers if one.status_code != 200]
        assert {problem(one) for one in refused} == {(409, "pool-limit-reached")}

    async def test_a_record_that_was_merged_does_not_count(
        self,
        login: Login,
        fang: dict[str, Any],
        client: httpx.AsyncClient,
        make_customer: Make,
        decide: Callable[..., Awaitable[httpx.Response]],
        customer: dict[str, Any],
    ) -> None:
        assert (await decide(max_held=2)).status_code == 200
        await merge(client, *[await make_customer(owner_id=fang["id"]) for _ in range(3)])
        claimed = await login(fang).post(f"/v1/customers/{customer['id']}/claim")
        assert claimed.status_code == 200, claimed.text

    async def test_a_former_customer_cannot_be_claimed(
        self,
        login: Login,
        fang: dict[str, Any],
        customer: dict[str, Any],
        client: httpx.AsyncClient,
        problem: ProblemOf,
    ) -> None:
        await client.post(f"/v1/customers/{customer['id']}/end", json={"reason": "已注销"})
        answer = await login(fang).post(f"/v1/customers/{customer['id']}/claim")
        assert problem(answer) == (409, "customer-has-ended")

    async def test_only_employees_who_work_here_claim(
        self,
        client: httpx.AsyncClient,
        login: Login,
        fang: dict[str, Any],
        customer: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        url = f"/v1/customers/{customer['id']}/claim"
        assert problem(await client.post(url)) == (403, "caller-is-no-employee")
        await client.post(f"/v1/employees/{fang['id']}/leave", json={"reason": "离职"})
        assert problem(await login(fang).post(url)) == (422, "unknown-owner")
        missing = f"/v1/customers/{uuid4()}/claim"
        assert problem(await login(fang).post(missing)) == (404, "not-found")


class TestReturn:
    async def test_others_may_claim_it_but_not_at_once_who_returned_it(
        self,
        login: Login,
        fang: dict[str, Any],
        make_employee: Make,
        customer: dict[str, Any],
        owned_for: Later,
        problem: ProblemOf,
    ) -> None:
        url, rep = f"/v1/customers/{customer['id']}", login(fang)
        await rep.post(f"{url}/claim")
        returned = await rep.post(f"{url}/return", json={"reason": "暂无需求"})
        assert returned.status_code == 200, returned.text
        assert (returned.json()["owner_id"], returned.json()["department_id"]) == (None, None)
        assert problem(await rep.post(f"{url}/claim")) == (409, "returned-lately")
        await owned_for(customer, 7)
        assert (await rep.post(f"{url}/claim")).status_code == 200
        await rep.post(f"{url}/return", json={"reason": "暂无需求"})
        other = login(await make_employee())
        assert (await other.post(f"{url}/claim")).status_code == 200

    async def test_only_who_looks_after_it_returns_it(
        self,
        client: httpx.AsyncClient,
        login: Login,
        fang: dict[str, Any],
        customer: dict[str, Any],
        make_customer: Make,
        make_employee: Make,
        problem: ProblemOf,
    ) -> None:
        body = {"reason": "暂无需求"}
        rep = login(fang)
        in_pool = await rep.post(f"/v1/customers/{customer['id']}/return", json=body)
        assert problem(in_pool) == (403, "not-the-owner")
        theirs = await make_customer(owner_id=(await make_employee())["id"])
        url = f"/v1/customers/{theirs['id']}/return"
        assert problem(await rep.post(url, json=body)) == (404, "not-found")
        assert problem(await client.post(url, json=body)) == (403, "not-the-owner")


class TestRecycle:
    async def test_who_is_not_turned_to_comes_back_into_the_pool(
        self,
        client: httpx.AsyncClient,
        fang: dict[str, Any],
        make_customer: Make,
        owned_for: Later,
        database: Database,
        context: Context,
    ) -> None:
        neglected, cared_for, new, trade = [
            await make_customer(owner_id=fang["id"]) for _ in range(4)
        ]
        await client.post(f"/v1/customers/{trade['id']}/promote", json={})
        for one in (neglected, cared_for, trade):
            await owned_for(one, 31)
        example = ActivityRecorded.from_bytes(load(ActivityRecorded.type)[0].data)
        today = clock.today(clock.now(), "Asia/Shanghai")
        for days in (1, 20):  # the later one counts, whatever the order
            visit = {
                "customer_id": UUID(cared_for["id"]),
                "occurred_on": today - timedelta(days=days),
            }
            async with database.transaction(context) as session:
                await record_follow_up(session, example.model_copy(update=visit))
        protection = (await client.get(f"/v1/customers/{cared_for['id']}/protection")).json()
        assert protection["last_contact_on"] == str(today - timedelta(days=1))
        assert protection["protected_until"] == str(today + timedelta(days=29))

        first = await recycle(client, limit=3)
        assert (first["looked_at"], first["returned"]) == (3, 1)
        rest = await recycle(client, limit=3, after=first["next_after"])
        assert (rest["looked_at"], rest["returned"], rest["next_after"]) == (1, 0, None)

        owners = {}
        for one in (neglected, cared_for, new, trade):
            owners[one["id"]] = (await client.get(f"/v1/customers/{one['id']}")).json()["owner_id"]
        kept = dict.fromkeys((one["id"] for one in (cared_for, new, trade)), fang["id"])
        assert owners == kept | {neglected["id"]: None}
        (change, _) = (
            await client.get("/v1/owner-changes", params={"customer_id": neglected["id"]})
        ).json()["items"]
        assert (change["manner"], change["previous_owner_id"]) == ("recycled", fang["id"])
        told = await emitted(database, context.tenant_id, "customer.customer-handed-over.v1")
        assert [one.key for one in told] == [neglected["id"]]
        assert (await recycle(client))["returned"] == 0  # again: nothing left to do

    async def test_a_record_that_was_merged_does_not_stop_it(
        self,
        client: httpx.AsyncClient,
        fang: dict[str, Any],
        make_customer: Make,
        owned_for: Later,
    ) -> None:
        survivor, merged, other = [await make_customer(owner_id=fang["id"]) for _ in range(3)]
        for one in (survivor, merged, other):
            await owned_for(one, 31)
        await merge(client, survivor, merged)
        result = await recycle(client)
        assert (result["looked_at"], result["returned"]) == (2, 2)

    async def test_protection_lasts_through_its_last_day(
        self,
        client: httpx.AsyncClient,
        fang: dict[str, Any],
        make_customer: Make,
        owned_for: Later,
    ) -> None:
        customer = await make_customer(owner_id=fang["id"])
        await owned_for(customer, 30)
        assert (await recycle(client))["returned"] == 0
        await owned_for(customer, 1)
        assert (await recycle(client))["returned"] == 1

    async def test_a_lot_costs_no_more_queries_than_one_customer(
        self,
        client: httpx.AsyncClient,
        fang: dict[str, Any],
        make_customer: Make,
        owned_for: Later,
        database: Database,
    ) -> None:
        costs = []
        for count in (1, 6):
            for _ in range(count):
                await owned_for(await make_customer(owner_id=fang["id"]), 31)
            with count_queries(database) as queries:
                assert (await recycle(client))["returned"] == count
            costs.append(len(queries))
        assert costs[0] == costs[1]


class TestRules:
    async def test_a_department_has_the_rules_of_those_above_until_it_has_its_own(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        decide: Callable[..., Awaitable[httpx.Response]],
    ) -> None:
        above = await make_department()
        below = await make_department(parent_id=above["id"])
        url = f"/v1/departments/{below['id']}/pool-rules"
        default = await client.get(url)
        assert default.json() == RULES | {"version": 0, "department_id": None}
        assert default.headers["etag"] == '"0"'
        await decide(max_held=50)
        assert (await client.get(url)).json()["max_held"] == 50
        body = RULES | {"max_held": 20}
        put = await client.put(
            f"/v1/departments/{above['id']}/pool-rules", json=body, headers={"If-Match": '"0"'}
        )
        assert put.status_code == 200, put.text
        inherited = await client.get(url)
        assert (inherited.json()["max_held"], inherited.headers["etag"]) == (20, '"0"')
        assert inherited.json()["department_id"] == above["id"]
        own = await client.put(url, json=RULES | {"max_held": 5}, headers={"If-Match": '"0"'})
        assert (own.json()["version"], own.json()["max_held"]) == (1, 5)
        again = await client.put(url, json=RULES | {"max_held": 6}, headers={"If-Match": '"1"'})
        assert (again.status_code, again.json()["max_held"]) == (200, 6)

    async def test_two_who_decide_at_once_do_not_overwrite_each_other(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[httpx.Response]],
        problem: ProblemOf,
    ) -> None:
        first, second = await asyncio.gather(decide(max_held=1), decide(max_held=2))
        codes = sorted([first.status_code, second.status_code])
        assert codes in ([200, 409], [200, 412])
        stale = await client.put("/v1/pool-rules", json=RULES, headers={"If-Match": '"0"'})
        assert problem(stale) == (412, "version-conflict")
        missing = await client.put("/v1/pool-rules", json=RULES)
        assert problem(missing) == (428, "if-match-required")
        nowhere = f"/v1/departments/{uuid4()}/pool-rules"
        assert problem(await client.get(nowhere)) == (404, "not-found")

    async def test_the_limit_of_the_own_department_holds(
        self,
        client: httpx.AsyncClient,
        login: Login,
        fang: dict[str, Any],
        customer: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        await client.put(
            f"/v1/departments/{fang['department_id']}/pool-rules",
            json=RULES | {"max_held": 0},
            headers={"If-Match": '"0"'},
        )
        answer = await login(fang).post(f"/v1/customers/{customer['id']}/claim")
        assert problem(answer) == (409, "pool-limit-reached")
