"""Collisions through the API: found at entry, told without leaking, claimed, yielded, decided."""

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
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.collisions import queries
from kehu_sales.collisions.models import Collision
from kehu_sales.collisions.relations import ask_again
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.customers.models import CustomerRef, DuplicatePairRef
from kehu_sales.directory.models import DepartmentRef, EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Login = Callable[[str, str], httpx.AsyncClient]
PATH, OPPORTUNITIES = "/v1/collisions", "/v1/opportunities"
ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
FANG, LEI = str(UUID(int=71)), str(UUID(int=72))
EAST, WEST = str(UUID(int=81)), str(UUID(int=82))
OF_FANG = {"owner_id": FANG, "department_id": EAST}
OF_LEI = {"owner_id": LEI, "department_id": WEST}


@pytest.fixture
def login(client_for: ClientFor, tenant: str) -> Login:
    """A sales representative who is this employee, with this row scope."""

    def make(employee: str, row_scope: str) -> httpx.AsyncClient:
        return client_for(
            tenant,
            subject=employee,
            employee_id=employee,
            row_scope=row_scope,
            roles=["sales_representative"],
        )

    return make


@pytest.fixture
async def directory(worker_database: Database, tenant: str) -> None:
    """Fang (王芳) works in sales east, Lei (李雷) in sales west."""
    known = {"tenant_id": tenant, "sequence": 1}
    async with worker_database.worker_transaction() as session:
        for who, where, name in ((FANG, EAST, "华东销售部"), (LEI, WEST, "华西销售部")):
            session.add(DepartmentRef(id=UUID(where), code=name, name=name, **known))
            session.add(
                EmployeeRef(
                    id=UUID(who),
                    code=who,
                    name="X",
                    department_id=UUID(where),
                    active=True,
                    **known,
                )
            )


@pytest.fixture
def decide(client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Changes the tenant's rules about collisions."""

    async def make(**values: Any) -> None:
        etag = (await client.get("/v1/collision-policy")).headers["etag"]
        answer = await client.patch("/v1/collision-policy", json=values, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text

    return make


@pytest.fixture
async def pair(make_opportunity: Make, make_customer: MakeCustomer) -> list[dict[str, Any]]:
    """Two opportunities of one customer, Fang's and Lei's."""
    customer = await make_customer()
    return [await make_opportunity(customer_id=customer, **one) for one in (OF_FANG, OF_LEI)]


@pytest.fixture
async def collision(client: httpx.AsyncClient, pair: list[dict[str, Any]]) -> dict[str, Any]:
    """What Fang and Lei collide in."""
    (found,) = (await client.get(PATH)).json()["items"]
    assert {one["opportunity_id"] for one in found["sides"]} == {one["id"] for one in pair}
    collided: dict[str, Any] = found
    return collided


@pytest.fixture
def work(running: RunningService) -> Callable[[], Awaitable[None]]:
    """Lets the round go on until nothing is left."""
    worker = CollisionWork(running.databases, ZONE, lambda: None, batch=50)

    async def go_on() -> None:
        while await worker.work():
            pass

    return go_on


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


class TestLife:
    async def test_one_claims_and_the_other_yields(
        self,
        login: Login,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        fang, lei = login(FANG, "own"), login(LEI, "own")
        url = f"{PATH}/{collision['id']}"
        claimed = await fang.post(f"{url}/claim", json={"reason": "先报备", "proof": "邮件"})
        assert claimed.status_code == 200, claimed.text
        assert claimed.json()["answer_due_on"] == str(TODAY + timedelta(days=5))
        assert [one["claims"] for one in claimed.json()["sides"] if one["visible"]] == [True]
        again = await lei.post(f"{url}/claim", json={"reason": "我方先报备"})
        assert problem(again) == (409, "already-claimed")
        own = await fang.post(f"{url}/contest", json={"reason": "不同意"})
        assert problem(own) == (409, "not-that-side")
        yielded = await lei.post(f"{url}/yield", json={"reason": "对方更早"})
        assert yielded.status_code == 200, yielded.text
        assert yielded.json()["state"] == "yielded"
        assert {one["number"] for one in yielded.json()["sides"]} == {None}  # given away
        mine = (await fang.get(f"{OPPORTUNITIES}/{pair[1]['id']}")).json()
        assert (mine["owner_id"], mine["department_id"]) == (FANG, EAST)
        (event,) = await emitted(database, tenant, "sales.collision-settled.v1")
        assert (event.data["state"], event.data["kept_id"]) == ("yielded", pair[0]["id"])
        over = await fang.post(f"{url}/yield", json={"reason": "算了", **as_side(pair[0])})
        assert problem(over) == (409, "collision-is-over")

    async def test_who_sees_one_side_does_not_read_the_history_that_names_both(
        self,
        login: Login,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
    ) -> None:
        auditor = client_for(
            tenant, subject=FANG, employee_id=FANG, row_scope="own", roles=["sales_manager"]
        )
        assert (await auditor.get(f"{PATH}/{collision['id']}")).status_code == 200
        log = {"entity": "collision", "entity_id": collision["id"]}
        answer = await auditor.get("/v1/audit-log", params=log)
        assert (answer.status_code, answer.json()["items"]) == (200, [])
        (entry,) = (await client.get("/v1/audit-log", params=log)).json()["items"]
        assert pair[1]["id"] in str(entry["changes"])

    async def test_what_yields_may_go_to_the_pool(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
    ) -> None:
        await decide(on_yield="pool")
        body = {"reason": "对方更早", **as_side(pair[0])}
        answer = await client.post(f"{PATH}/{collision['id']}/yield", json=body)
        assert answer.status_code == 200, answer.text
        kept = (await client.get(f"{OPPORTUNITIES}/{pair[0]['id']}")).json()
        assert (kept["status"], kept["owner_id"]) == ("pooled", None)

    async def test_somebody_above_both_arbitrates_and_shares_out_the_credit(
        self,
        client: httpx.AsyncClient,
        login: Login,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        url = f"{PATH}/{collision['id']}"
        await login(FANG, "own").post(f"{url}/claim", json={"reason": "先报备"})
        contested = await login(LEI, "own").post(f"{url}/contest", json={"reason": "我方更早"})
        assert contested.json()["state"] == "contested"
        credit = [
            {"employee_id": FANG, "percent": "70"}, {"employee_id": LEI, "percent": "29"}
        ]  # fmt: skip
        decision = {"kept_id": pair[1]["id"], "reason": "西区已签意向书", "credit": credit}
        refused = await login(FANG, "all").post(f"{url}/arbitrate", json=decision)
        assert problem(refused) == (403, "scope-missing")
        short = await client.post(f"{url}/arbitrate", json=decision)
        assert problem(short) == (422, "credit-not-whole")
        credit[1]["percent"] = "30"
        decided = await client.post(f"{url}/arbitrate", json=decision)
        assert decided.status_code == 200, decided.text
        assert {one["employee_id"]: one["percent"] for one in decided.json()["credit"]} == {
            FANG: "70.00", LEI: "30.00"
        }  # fmt: skip
        loser = (await client.get(f"{OPPORTUNITIES}/{pair[0]['id']}")).json()
        assert loser["owner_id"] == LEI
        (event,) = await emitted(database, tenant, "sales.collision-settled.v1")
        assert {one["employee_id"] for one in event.data["credit"]} == {FANG, LEI}

    async def test_nobody_is_judge_of_one_side(
        self,
        client_for: ClientFor,
        tenant: str,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        problem: ProblemOf,
    ) -> None:
        manager = client_for(tenant, subject="m", employee_id=FANG, row_scope="own")
        decision = {"kept_id": pair[0]["id"], "reason": "我方"}
        for step, body in {"arbitrate": decision, "dismiss": {"reason": "两个项目"}}.items():
            answer = await manager.post(f"{PATH}/{collision['id']}/{step}", json=body)
            assert problem(answer) == (403, "outside-row-scope")

    async def test_dismissed_is_for_ever(
        self,
        client: httpx.AsyncClient,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        url = f"{PATH}/{collision['id']}/dismiss"
        assert (await client.post(url, json={"reason": "两个项目"})).status_code == 200
        for number, one in enumerate(pair, 1):
            again = await client.patch(
                f"{OPPORTUNITIES}/{one['id']}",
                json={"department_id": str(UUID(int=number))},
                headers={"If-Match": '"1"'},
            )
            assert "kehu-collisions" not in again.headers
        await work()
        assert await states(client) == ["dismissed"]

    async def test_a_stranger_speaks_for_nobody(
        self,
        login: Login,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        make_opportunity: Make,
        client: httpx.AsyncClient,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{collision['id']}"
        stranger = login(str(uuid4()), "all")
        for body in ({}, as_side(pair[0])):
            answer = await stranger.post(f"{url}/yield", json={"reason": "让", **body})
            assert problem(answer) == (403, "not-the-owner")
        other = as_side(await make_opportunity())
        answer = await client.post(f"{url}/claim", json={"reason": "我方", **other})
        assert problem(answer) == (422, "not-a-side")
        answer = await client.post(f"{url}/contest", json={"reason": "不", **as_side(pair[0])})
        assert problem(answer) == (409, "not-claimed")

    async def test_what_is_won_meanwhile_is_not_given_away(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_customer: MakeCustomer,
        work: Callable[[], Awaitable[None]],
        problem: ProblemOf,
    ) -> None:
        customer = await make_customer()
        one, other = [
            await make_in_progress(customer_id=customer, **whose) for whose in (OF_FANG, OF_LEI)
        ]
        (found,) = (await client.get(PATH)).json()["items"]
        won = {"closed_on": str(TODAY), "reason": "方案更优"}
        assert (await client.post(f"{OPPORTUNITIES}/{one['id']}/win", json=won)).is_success
        body = {"reason": "让", **as_side(other)}
        late = await client.post(f"{PATH}/{found['id']}/yield", json=body)
        assert problem(late) == (409, "opportunity-is-closed")
        await work()
        lapsed = (await client.get(f"{PATH}/{found['id']}")).json()
        assert (lapsed["state"], lapsed["decision_reason"]) == ("lapsed", "closed")


def as_side(opportunity: dict[str, Any]) -> dict[str, Any]:
    """Speak for this opportunity."""
    return {"opportunity_id": opportunity["id"]}


class TestRound:
    @pytest.mark.parametrize("relation", ["same", "parent", "sister", "duplicate"])
    async def test_relations_that_become_known_later(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        worker_database: Database,
        work: Callable[[], Awaitable[None]],
        tenant: str,
        relation: str,
    ) -> None:
        one, other, above = [await make_customer() for _ in range(3)]
        await make_opportunity(customer_id=one, **OF_FANG)
        await make_opportunity(customer_id=other, **OF_LEI)
        async with worker_database.worker_transaction() as session:
            first, second = [
                await session.get(CustomerRef, (tenant, UUID(who))) for who in (one, other)
            ]
            if relation == "same":
                second.merged_into_id = UUID(one)
            elif relation == "parent":
                second.parent_id = UUID(one)
            elif relation == "sister":
                first.parent_id = second.parent_id = UUID(above)
            else:
                session.add(
                    DuplicatePairRef(
                        tenant_id=tenant,
                        id=uuid4(),
                        first_id=UUID(one),
                        second_id=UUID(other),
                        suspected=True,
                        sequence=1,
                    )
                )
            await ask_again(session, {(tenant, UUID(other))})
        assert await states(client) == []
        await work()
        (found,) = (await client.get(PATH)).json()["items"]
        assert (found["state"], found["relation"]) == ("open", relation)

    async def test_a_late_answer_is_told_once(
        self,
        client: httpx.AsyncClient,
        decide: Callable[..., Awaitable[None]],
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        database: Database,
        context: Context,
        work: Callable[[], Awaitable[None]],
        tenant: str,
    ) -> None:
        body = {"reason": "先报备", **as_side(pair[0])}
        await client.post(f"{PATH}/{collision['id']}/claim", json=body)
        await work()
        told = "sales.collision-answer-overdue.v1"
        assert await emitted(database, tenant, told) == []
        async with database.transaction(context) as session:
            row = await session.get(Collision, (tenant, UUID(collision["id"])))
            row.answer_due_on = TODAY - timedelta(days=1)
        await work()
        await work()
        assert len(await emitted(database, tenant, told)) == 1
        for overdue, count in ((True, 1), (False, 0)):
            listed = await client.get(PATH, params={"overdue": overdue})
            assert len(listed.json()["items"]) == count

    async def test_one_hand_is_no_collision(
        self,
        client: httpx.AsyncClient,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        work: Callable[[], Awaitable[None]],
    ) -> None:
        await client.patch(
            f"{OPPORTUNITIES}/{pair[1]['id']}",
            json={"owner_id": FANG},
            headers={"If-Match": '"1"'},
        )
        await work()
        lapsed = (await client.get(f"{PATH}/{collision['id']}")).json()
        assert (lapsed["state"], lapsed["decision_reason"]) == ("lapsed", "changed")


class TestReport:
    async def test_counts_by_department(
        self, client: httpx.AsyncClient, login: Login, directory: None, collision: dict[str, Any]
    ) -> None:
        counted = (await client.get("/v1/collision-counts")).json()["items"]
        assert {(one["name"], one["state"], one["number"]) for one in counted} == {
            ("华东销售部", "open", 1), ("华西销售部", "open", 1)
        }  # fmt: skip
        (mine,) = (await login(FANG, "own").get("/v1/collision-counts")).json()["items"]
        assert mine["name"] == "华东销售部"
        later = {"found_from": str(TODAY + timedelta(days=1))}
        assert (await client.get("/v1/collision-counts", params=later)).json()["items"] == []
        wrong = await client.get(
            "/v1/collision-counts", params={"found_from": "2026-02-01", "found_to": "2026-01-01"}
        )
        assert wrong.json()["code"] == "period-reversed"

    async def test_filters(
        self, client: httpx.AsyncClient, collision: dict[str, Any], pair: list[dict[str, Any]]
    ) -> None:
        for name, value in {
            "state": "open",
            "relation": "same",
            "opportunity_id": pair[0]["id"],
            "owner_id": LEI,
            "department_id": EAST,
            "customer_id": pair[0]["customer_id"],
        }.items():
            listed = (await client.get(PATH, params={name: value})).json()["items"]
            assert [one["id"] for one in listed] == [collision["id"]], name
        for name, value in {"state": "claimed", "owner_id": str(uuid4())}.items():
            assert (await client.get(PATH, params={name: value})).json()["items"] == [], name

    async def test_a_page_costs_the_same_however_long(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        database: Database,
    ) -> None:
        counts = []
        for _ in range(2):
            with count_queries(database) as seen:
                await client.get(PATH)
            counts.append(len(seen.statements))
            await make_opportunity(customer_id=pair[0]["customer_id"], owner_id=str(uuid4()))
        assert counts[0] == counts[1]


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


async def test_a_first_decision_keeps_the_rest_of_the_defaults(
    client: httpx.AsyncClient, decide: Callable[..., Awaitable[None]], problem: ProblemOf
) -> None:
    await decide(within_days=None, relations=["same"])
    policy = (await client.get("/v1/collision-policy")).json()
    assert policy == {
        "version": 1, "at_entry": "remind", "relations": ["same"], "by_category": True,
        "without_lines": True, "within_days": None, "across_departments": False,
        "answer_days": 5, "on_yield": "hand_over",
    }  # fmt: skip
    stale = await client.patch(
        "/v1/collision-policy", json={"answer_days": 3}, headers={"If-Match": '"0"'}
    )
    assert problem(stale) == (412, "version-conflict")
