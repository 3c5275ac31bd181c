"""A collision is claimed, contested, yielded, decided: by whom, and what becomes of the two."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.directory.models import EmployeeRef

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


async def states(client: httpx.AsyncClient) -> list[str]:
    return sorted(one["state"] for one in (await client.get(PATH)).json()["items"])


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

    async def test_who_left_may_have_credit_and_who_never_worked_here_may_not(
        self, client: httpx.AsyncClient, collision: dict[str, Any], pair: list[dict[str, Any]],
        problem: ProblemOf, worker_database: Database, tenant: str,
    ) -> None:  # fmt: skip
        known = {"tenant_id": tenant, "sequence": 1, "code": "X", "name": "李雷"}
        async with worker_database.worker_transaction() as session:
            session.add(EmployeeRef(id=UUID(LEI), department_id=uuid4(), active=False, **known))
        url, statuses = f"{PATH}/{collision['id']}/arbitrate", []
        for who in (str(uuid4()), LEI):
            credit = [{"employee_id": who, "percent": "100"}]
            decision = {"kept_id": pair[1]["id"], "reason": "西区已签", "credit": credit}
            answer = await client.post(url, json=decision)
            statuses.append(problem(answer) if answer.is_error else answer.status_code)
        assert statuses == [(422, "unknown-employee"), 200]

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
        twice = decision | {"credit": [*credit, {"employee_id": FANG, "percent": "30"}]}
        too_much = await client.post(f"{url}/arbitrate", json=twice)
        assert problem(too_much) == (422, "credit-not-whole")
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


class TestWhoSpeaks:
    @pytest.mark.parametrize("step", ["claim", "contest", "yield"])
    async def test_who_may_speak_for_either_side_is_told_to_say_for_which(
        self,
        client: httpx.AsyncClient,
        collision: dict[str, Any],
        pair: list[dict[str, Any]],
        problem: ProblemOf,
        step: str,
    ) -> None:
        answer = await client.post(f"{PATH}/{collision['id']}/{step}", json={"reason": "我方"})
        assert problem(answer) == (422, "side-not-named")
        assert set(answer.json()["opportunity_ids"]) == {one["id"] for one in pair}
        assert pair[0]["number"] in answer.json()["detail"]
