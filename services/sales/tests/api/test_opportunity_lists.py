"""Who is named to work on opportunities, and finding what somebody has to decide."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_sales.directory.models import EmployeeRef
from kehu_sales.methods.stages import Kind

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = str(clock.today(clock.now(), "Asia/Shanghai"))
LOST = {"closed_on": TODAY, "reason": "价格过高", "competitor_unknown": True}


@pytest.fixture
async def staff(worker_database: Database, tenant: str) -> dict[str, str]:
    """Two who work here, and one who has left."""
    ids = {name: uuid4() for name in ("fang", "lei", "left")}
    async with worker_database.worker_transaction() as session:
        for name, one in ids.items():
            known = {"tenant_id": tenant, "id": one, "code": name, "name": "王芳", "sequence": 1}
            active = name != "left"
            session.add(EmployeeRef(department_id=UUID(int=81), active=active, **known))
    return {name: str(one) for name, one in ids.items()}


class TestWhoIsNamed:
    async def test_anybody_while_no_employee_of_the_tenant_is_known(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        url = f"{PATH}/{(await make_opportunity(owner_id=str(uuid4())))['id']}"
        sent = await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        assert sent.json()["status"] == "in_evaluation"

    @pytest.mark.parametrize(
        ("who", "expected"),
        [("stranger", (422, "unknown-employee")), ("left", (422, "employee-has-left"))],
    )
    async def test_only_who_works_here(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        staff: dict[str, str],
        problem: ProblemOf,
        who: str,
        expected: tuple[int, str],
    ) -> None:
        one = staff.get(who, "019364c2-7d5e-7000-8000-00000000000f")
        made = await make_opportunity(owner_id=staff["fang"])
        url, etag = f"{PATH}/{made['id']}", {"If-Match": '"1"'}
        for refused in (
            await client.post(PATH, json={"topic": "更新", "owner_id": one}),
            await client.patch(url, json={"owner_id": one}, headers=etag),
            await client.post(f"{url}/submit", json={"evaluator_id": one}),
        ):
            assert problem(refused) == expected
        sent = await client.post(f"{url}/submit", json={"evaluator_id": staff["fang"]})
        assert sent.status_code == 200
        following = {"result": "pass_to_next", "next_evaluator_id": one}
        assert problem(await client.post(f"{url}/evaluate", json=following)) == expected
        await client.post(f"{url}/return-to-pool", json={"reason": "无预算"})
        assert problem(await client.post(f"{url}/take-up", json={"owner_id": one})) == expected
        taken = await client.post(f"{url}/take-up", json={"owner_id": staff["lei"]})
        assert taken.json()["owner_id"] == staff["lei"]

    @pytest.mark.parametrize("assign", [False, True], ids=["together", "one by one"])
    async def test_in_a_batch_the_same(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        staff: dict[str, str],
        assign: bool,
    ) -> None:
        await make_method()
        create = {"op": "create", "topic": "更新"}
        commands = [
            create | {"owner_id": staff["left"]},
            create | {"ref": "a", "owner_id": staff["fang"]},
            {"op": "submit", "ref": "a", "evaluator_id": staff["left"]},
            {"op": "submit", "ref": "a", "evaluator_id": staff["lei"]},
            {"op": "evaluate", "ref": "a", "result": "pass_to_next",
             "next_evaluator_id": "019364c2-7d5e-7000-8000-00000000000f"},
            create | {"assign": assign},
        ]  # fmt: skip
        answer = await client.post(f"{PATH}/batch", json={"commands": commands})
        assert [(one["problem"] or {}).get("code") for one in answer.json()["items"]] == [
            "employee-has-left", None, "employee-has-left", None, "unknown-employee", None
        ]  # fmt: skip

    async def test_an_owner_who_has_left_does_not_keep_others_from_changing_it(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        staff: dict[str, str],
        worker_database: Database,
        tenant: str,
    ) -> None:
        made = await make_opportunity(owner_id=staff["fang"])
        async with worker_database.worker_transaction() as session:
            await session.fetch(
                "UPDATE employee_refs SET active = false WHERE tenant_id = $1 AND id = $2",
                tenant,
                UUID(staff["fang"]),
            )
        body = {"topic": "机房更新", "owner_id": staff["fang"]}
        changed = await client.patch(f"{PATH}/{made['id']}", json=body, headers={"If-Match": '"1"'})
        assert changed.status_code == 200


class TestFilters:
    async def test_what_waits_for_my_decision(
        self, client: httpx.AsyncClient, make_opportunity: Make, staff: dict[str, str]
    ) -> None:
        mine, others = [f"{PATH}/{(await make_opportunity())['id']}" for _ in range(2)]
        await client.post(f"{mine}/submit", json={"evaluator_id": staff["fang"]})
        await client.post(f"{others}/submit", json={"evaluator_id": staff["lei"]})
        asked = {"evaluator_id": staff["fang"]}
        waiting = (await client.get(PATH, params=asked)).json()["items"]
        assert [f"{PATH}/{one['id']}" for one in waiting] == [mine]
        await client.post(f"{mine}/evaluate", json={"result": "pass"})
        assert (await client.get(PATH, params=asked)).json()["items"] == []

    async def test_the_kinds_are_those_that_opportunities_say(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_opportunity: Make,
        make_in_progress: Make,
    ) -> None:
        kinds = (None, "potential", "effective", "feasible", "target")
        stage = {"planned_days": 7, "skippable": True}
        stages = [
            stage | {"code": f"s{n}", "name": "S", "success_rate": 10 * n, "kind": kind}
            for n, kind in enumerate(kinds)
        ]
        await make_method(stages=stages)
        for confirmed in (False, True):
            for made, commands in (
                (await make_opportunity(), []),
                *[
                    (await make_in_progress(), [("promote", {"to_stage": f"s{n}"})] if n else [])
                    for n in range(len(kinds))
                ],
                (await make_in_progress(), [("win", {"closed_on": TODAY, "reason": "优"})]),
                (await make_in_progress(), [("lose", LOST)]),
                (await make_opportunity(), [("return-to-pool", {"reason": "无预算"})]),
            ):
                first = [("confirm", {"formal_request": True})] if confirmed else []
                for command, body in [*first, *commands]:
                    done = await client.post(f"{PATH}/{made['id']}/{command}", json=body)
                    assert done.status_code == 200, done.text
        everything = (await client.get(PATH, params={"limit": 100})).json()["items"]
        assert {one["kind"] for one in everything} == {*Kind}
        for asked in (*([one] for one in Kind), [Kind.POTENTIAL, Kind.SUCCESSFUL]):
            found = await client.get(PATH, params={"kind": asked, "limit": 100})
            assert {one["id"] for one in found.json()["items"]} == {
                one["id"] for one in everything if one["kind"] in asked
            }

    async def test_a_competitor_by_its_file(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        file = await client.post("/v1/competitors", json={"name": "神州数码"})
        assert file.status_code == 201, file.text
        named = {"competitor_id": file.json()["id"]}
        met, _ = await make_opportunity(**named), await make_opportunity()
        found = (await client.get(PATH, params=named)).json()["items"]
        assert [one["id"] for one in found] == [met["id"]]
