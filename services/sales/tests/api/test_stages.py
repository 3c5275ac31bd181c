"""Gates, overrides, returns, moves to another version, and overdue stages through the API."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService
from kehu_sales.stages.worker import OverdueWork

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
TOMORROW = str(TODAY + timedelta(days=1))


def stage(code: str, rate: int, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "planned_days": 7, "success_rate": rate} | more


ASKING = {
    "control": "strict", "activities": 2, "visits": 1, "tasks": 1, "quotes": 1, "samples": 1,
    "approvals": 1, "required_fields": ["need", "expected_close_on", "competitor"],
    "roles": ["decision_maker"],
}  # fmt: skip
STAGES = [
    stage("a", 10, conditions=ASKING, kind="potential", buyer_stage="C1"),
    stage("b", 30, skippable=False, may_return_to=["a"], kind="effective"),
    stage("c", 80, may_return_to=["b"], kind="target"),
    stage("d", 100, kind="successful"),
]


@pytest.fixture
async def gated(make_method: Make, make_in_progress: Make) -> dict[str, Any]:
    """An opportunity in the first stage, which asks for everything there is to ask for."""
    await make_method(stages=STAGES)
    return await make_in_progress(opened_on="2026-03-02", need="四十台工作站")


@pytest.fixture
async def free(make_method: Make, make_in_progress: Make) -> dict[str, Any]:
    """An opportunity in the first of stages that ask for nothing."""
    await make_method(stages=[STAGES[0] | {"conditions": {}}, *STAGES[1:]])
    return await make_in_progress(opened_on="2026-03-02")


class TestGate:
    async def test_tells_of_each_condition_what_is_needed_and_what_is_there(
        self, client: httpx.AsyncClient, gated: dict[str, Any], make_activity: Make
    ) -> None:
        await make_activity(opportunity_id=gated["id"], kind="visit")
        gate = (await client.get(f"{PATH}/{gated['id']}/gate")).json()
        assert {
            one["item"] or one["kind"]: (one["actual"], one["required"], one["met"])
            for one in gate["conditions"]
        } == {
            "activities": (1, 2, False), "visits": (1, 1, True), "tasks": (0, 1, False),
            "quotes": (0, 1, False), "samples": (0, 1, False), "approvals": (0, 1, False),
            "need": (1, 1, True), "expected_close_on": (0, 1, False),
            "competitor": (0, 1, False), "decision_maker": (0, 1, False),
        }  # fmt: skip
        assert len(gate["unmet"]) == 8
        assert (gate["to_stage_code"], gate["allowed"], gate["control"]) == ("b", False, "strict")
        assert (gate["kind"], gate["buyer_stage"], gate["overdue"]) == ("potential", "C1", True)

    async def test_refusals_name_stages_as_the_method_does(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> None:
        named = stage("b", 30, skippable=False) | {"name": "方案"}
        await make_method(stages=[stage("a", 10) | {"name": "了解"}, named, stage("c", 80)])
        url = f"{PATH}/{(await make_in_progress())['id']}"
        chinese = {"Accept-Language": "zh"}
        skipped = await client.post(f"{url}/promote", json={"to_stage": "c"}, headers=chinese)
        assert skipped.json()["detail"] == "销售方法不允许跳过阶段 方案。"
        back = {"to_stage": "b", "reason": "x"}
        refused = await client.post(f"{url}/return-to-stage", json=back, headers=chinese)
        assert refused.json()["detail"] == "销售方法不允许从阶段 了解 退回到 方案。"
        in_english = await client.post(f"{url}/return-to-stage", json=back)
        assert "from a to b" in in_english.json()["detail"] or "a" in in_english.json()["detail"]

    async def test_closed_it_names_every_unmet_condition(
        self, client: httpx.AsyncClient, gated: dict[str, Any], problem: ProblemOf
    ) -> None:
        response = await client.post(f"{PATH}/{gated['id']}/promote", json={})
        assert problem(response) == (422, "promotion-conditions-unmet")
        unmet = response.json()["unmet"]
        assert [one["item"] or one["kind"] for one in unmet] == [
            "activities", "visits", "tasks", "quotes", "samples", "approvals",
            "expected_close_on", "competitor", "decision_maker",
        ]  # fmt: skip

    async def test_opens_when_the_opportunity_says_and_names_what_is_asked(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> None:
        asks = {"control": "strict", "required_fields": ["competitor"], "roles": ["handler"]}
        await make_method(stages=[stage("a", 10, conditions=asks), stage("b", 90)])
        made = await make_in_progress()
        url = f"{PATH}/{made['id']}"
        member = {"contact_id": str(uuid4()), "role": "handler", "influence": "high"}
        changed = await client.patch(
            url,
            json={"competitor": "神州数码", "buying_committee": [member]},
            headers={"If-Match": f'"{made["version"]}"'},
        )
        assert changed.json()["buying_committee"] == [member]
        assert (await client.get(f"{url}/gate")).json()["unmet"] == []
        assert (await client.post(f"{url}/promote", json={})).json()["stage_code"] == "b"

    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        free: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{free['id']}/gate"
        for to_stage, expected in (
            ("a", (409, "not-a-later-stage")),
            ("d", (409, "stage-entered-by-winning")),
            ("c", (409, "stage-not-skippable")),
        ):
            response = await client.get(url, params={"to_stage": to_stage})
            assert problem(response) == expected
        waiting = await make_opportunity()
        response = await client.get(f"{PATH}/{waiting['id']}/gate")
        assert problem(response) == (409, "not-in-progress")


class TestOverride:
    async def test_keeps_its_reason_in_history_event_and_log(
        self,
        client: httpx.AsyncClient,
        gated: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        url = f"{PATH}/{gated['id']}"
        reason = "客户总裁已口头承诺"
        body = {"override_reason": reason}
        assert (await client.post(f"{url}/promote", json=body)).json()["stage_code"] == "b"
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert [(one["manner"], one["override_reason"]) for one in stays] == [
            ("evaluation", None), ("promotion", reason)
        ]  # fmt: skip
        event = (await emitted(database, tenant))[-1]
        assert (event.data["manner"], event.data["override_reason"]) == ("promotion", reason)
        entry = (await audited(database, tenant))[-1]
        assert entry.changes["override_reason"]["after"] == reason

    async def test_is_for_holders_of_its_scope(
        self, client_for: ClientFor, tenant: str, gated: dict[str, Any], problem: ProblemOf
    ) -> None:
        seller = client_for(tenant, roles=("sales_representative",))
        response = await seller.post(
            f"{PATH}/{gated['id']}/promote", json={"override_reason": "赶进度"}
        )
        assert problem(response) == (403, "override-not-allowed")

    async def test_of_nothing_is_not_kept(
        self, client: httpx.AsyncClient, free: dict[str, Any]
    ) -> None:
        url = f"{PATH}/{free['id']}"
        await client.post(f"{url}/promote", json={"override_reason": "以防万一"})
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert stays[-1]["override_reason"] is None


class TestReturn:
    async def test_goes_back_where_the_stage_allows_it(
        self, client: httpx.AsyncClient, free: dict[str, Any], database: Database, tenant: str
    ) -> None:
        url = f"{PATH}/{free['id']}"
        await client.post(f"{url}/promote", json={"on": "2026-03-05"})
        body = {"to_stage": "a", "reason": "需求变更", "on": "2026-03-09"}
        back = (await client.post(f"{url}/return-to-stage", json=body)).json()
        assert (back["stage_code"], back["stage_due_on"]) == ("a", "2026-03-16")
        await client.post(f"{url}/promote", json={"on": "2026-03-20"})
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert [
            (one["code"], one["manner"], one["reason"], one["entered_on"], one["left_on"],
             one["actual_days"], one["overdue"])
            for one in stays[:3]
        ] == [
            ("a", "evaluation", None, "2026-03-02", "2026-03-05", 3, False),
            ("b", "promotion", None, "2026-03-05", "2026-03-09", 4, False),
            ("a", "return", "需求变更", "2026-03-09", "2026-03-20", 11, True),
        ]  # fmt: skip
        assert stays[3]["code"] == "b"
        event = (await emitted(database, tenant, "sales.opportunity-stage-entered.v1"))[-2]
        assert (event.data["manner"], event.data["reason"]) == ("return", "需求变更")

    async def test_refusals(
        self, client: httpx.AsyncClient, free: dict[str, Any], problem: ProblemOf
    ) -> None:
        url = f"{PATH}/{free['id']}/return-to-stage"
        await client.post(f"{PATH}/{free['id']}/promote", json={"on": "2026-03-05"})
        for body, expected in (
            ({"to_stage": "b", "reason": "x"}, (409, "return-not-allowed")),
            ({"to_stage": "zz", "reason": "x"}, (409, "return-not-allowed")),
            ({"to_stage": "a"}, (422, "invalid-request")),
            ({"to_stage": "a", "reason": "x", "on": TOMORROW}, (422, "date-in-future")),
            ({"to_stage": "a", "reason": "x", "on": "2026-03-04"}, (422, "date-before-previous")),
        ):
            assert problem(await client.post(url, json=body)) == expected


class TestMoveMethod:
    async def test_follows_the_newest_version_in_the_stage_of_the_same_code(
        self, client: httpx.AsyncClient, free: dict[str, Any], database: Database, tenant: str
    ) -> None:
        method, url = f"/v1/methods/{free['method_id']}", f"{PATH}/{free['id']}"
        stages = [stage("new", 5), stage("a", 20), stage("z", 90)]
        await client.patch(method, json={"stages": stages}, headers={"If-Match": '"1"'})
        body = {"reason": "采用新版销售流程"}
        moved = (await client.post(f"{url}/move-method", json=body)).json()
        assert (moved["method_version"], moved["stage_code"], moved["stage_position"]) == (
            2,
            "a",
            2,
        )
        assert moved["success_rate"] == 20
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert (stays[-1]["manner"], stays[-1]["reason"]) == ("method_move", "采用新版销售流程")
        event = (await emitted(database, tenant))[-1]
        assert (event.data["manner"], event.data["method_version"]) == ("method_move", 2)
        back = await client.post(
            f"{url}/move-method", json={"reason": "退回", "version": 1, "to_stage": "b"}
        )
        assert (back.json()["method_version"], back.json()["stage_code"]) == (1, "b")

    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        free: dict[str, Any],
        make_method: Make,
        problem: ProblemOf,
    ) -> None:
        other = await make_method(stages=[stage("x", 10)])
        gone = await make_method(stages=[stage("a", 10)])
        await client.patch(
            f"/v1/methods/{gone['id']}", json={"active": False}, headers={"If-Match": '"1"'}
        )
        for body, expected in (
            ({}, (409, "follows-already")),
            ({"version": 2}, (422, "unknown-method-version")),
            ({"method_id": str(uuid4())}, (422, "unknown-method")),
            ({"method_id": gone["id"]}, (409, "method-withdrawn")),
            ({"method_id": other["id"]}, (422, "stage-not-in-version")),
            ({"method_id": other["id"], "to_stage": "x", "on": TOMORROW}, (422, "date-in-future")),
        ):
            response = await client.post(
                f"{PATH}/{free['id']}/move-method", json={"reason": "x"} | body
            )
            assert problem(response) == expected


class TestOverdue:
    async def test_is_told_once_per_stay_and_found_by_the_filter(
        self,
        running: RunningService,
        client: httpx.AsyncClient,
        free: dict[str, Any],
        make_in_progress: Make,
        database: Database,
        tenant: str,
    ) -> None:
        fresh = await make_in_progress()
        woken: list[int] = []
        work = OverdueWork(running.databases, "Asia/Shanghai", lambda: woken.append(1), batch=200)

        async def told() -> list[str]:
            await work.work()
            events = await emitted(database, tenant, "sales.opportunity-stage-overdue.v1")
            return [event.data["stage_code"] for event in events]

        assert await told() == ["a"]
        assert await told() == ["a"]
        assert woken
        overdue = (await client.get(PATH, params={"overdue": "true"})).json()["items"]
        assert [one["id"] for one in overdue] == [free["id"]]
        on_time = (await client.get(PATH, params={"overdue": "false"})).json()["items"]
        assert [one["id"] for one in on_time] == [fresh["id"]]
        await client.post(f"{PATH}/{free['id']}/promote", json={"on": "2026-03-20"})
        assert await told() == ["a", "b"]


class TestClosingStage:
    async def test_named_for_a_promotion_it_says_that_winning_leads_there(
        self, client: httpx.AsyncClient, free: dict[str, Any], problem: ProblemOf
    ) -> None:
        url, chinese = f"{PATH}/{free['id']}", {"Accept-Language": "zh"}
        refused = await client.post(f"{url}/promote", json={"to_stage": "d"}, headers=chinese)
        assert problem(refused) == (409, "stage-entered-by-winning")
        assert "请以赢单进入" in refused.json()["detail"]
        gate = await client.get(f"{url}/gate", params={"to_stage": "d"})
        assert problem(gate) == (409, "stage-entered-by-winning")

    async def test_is_entered_by_winning_and_not_by_promotion(
        self, client: httpx.AsyncClient, free: dict[str, Any], problem: ProblemOf
    ) -> None:
        url = f"{PATH}/{free['id']}"
        for _ in range(2):
            await client.post(f"{url}/promote", json={"on": "2026-03-05"})
        assert problem(await client.post(f"{url}/promote", json={})) == (409, "last-stage")
        gate = (await client.get(f"{url}/gate")).json()
        assert (gate["to_stage_code"], gate["allowed"]) == (None, False)
        preview = (await client.get(f"{url}/promotion")).json()
        assert (preview["next_stage_code"], preview["allowed"]) == (None, False)
        body = {"closed_on": "2026-03-09", "reason": "方案优"}
        won = (await client.post(f"{url}/win", json=body)).json()
        assert (won["stage_code"], won["kind"], won["success_rate"]) == ("d", "successful", 100)
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert [(one["code"], one["manner"]) for one in stays[-2:]] == [
            ("c", "promotion"), ("d", "winning")
        ]  # fmt: skip


class TestPresets:
    async def test_can_be_set_up_as_they_are(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        presets = (await client.get("/v1/method-presets")).json()["items"]
        assert [one["code"] for one in presets] == ["P1-P5", "SAMPLE"]
        for preset in presets:
            made = await client.post("/v1/methods", json=preset["method"])
            assert made.status_code == 201, made.text
        five = presets[0]["method"]["stages"]
        assert [(one["code"], one["buyer_stage"], one["kind"], one["period"]) for one in five] == [
            ("P1", "C1", "potential", "identification"), ("P2", "C2", "effective", "development"),
            ("P3", "C3", "feasible", "maturity"), ("P4", "C4", "target", "harvest"),
            ("P5", "C5", "successful", "harvest"),
        ]  # fmt: skip
        first = await make_in_progress()
        assert (first["stage_code"], first["kind"]) == ("P1", "potential")
