"""Gates hold: whatever way an opportunity leaves its stage, and whatever is counted for it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
OPENED = str(TODAY - timedelta(days=30))
WIN = {"closed_on": str(TODAY), "reason": "方案优"}
NAMED = {"control": "strict", "required_fields": ["competitor"]}
REASON = "客户总裁已口头承诺"


def stage(code: str, rate: int, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "planned_days": 7, "success_rate": rate} | more


async def name_competitor(client: httpx.AsyncClient, url: str) -> None:
    etag = (await client.get(url)).headers["etag"]
    body = {"competitor": "神州数码"}
    changed = await client.patch(url, json=body, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text


class TestMoveToAnotherVersion:
    """From `a` of version 1 to version 2, whose stages ask."""

    @pytest.fixture
    async def url(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> str:
        method = await make_method(stages=[stage("a", 10), stage("z", 90, skippable=True)])
        made = await make_in_progress(opened_on=OPENED)
        stages = [
            stage("before", 5),
            stage("a", 10, conditions=NAMED),
            stage("b", 50),
            stage("c", 90),
        ]
        renewed = await client.patch(
            f"/v1/methods/{method['id']}", json={"stages": stages}, headers={"If-Match": '"1"'}
        )
        assert renewed.status_code == 200, renewed.text
        return f"{PATH}/{made['id']}"

    async def test_to_stay_asks_nothing(self, client: httpx.AsyncClient, url: str) -> None:
        moved = await client.post(f"{url}/move-method", json={"reason": "新版"})
        assert (moved.status_code, moved.json()["stage_code"]) == (200, "a")

    async def test_to_get_on_by_the_way_is_asked_as_a_promotion_is(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        body = {"reason": "新版", "to_stage": "b"}
        refused = await client.post(f"{url}/move-method", json=body)
        assert problem(refused) == (422, "promotion-conditions-unmet")
        assert [one["item"] for one in refused.json()["unmet"]] == ["competitor"]
        skipping = await client.post(f"{url}/move-method", json=body | {"to_stage": "c"})
        assert problem(skipping) == (409, "stage-not-skippable")
        await name_competitor(client, url)
        moved = await client.post(f"{url}/move-method", json=body)
        assert (moved.status_code, moved.json()["stage_code"]) == (200, "b")

    async def test_to_get_back_by_the_way_is_asked_as_a_return_is(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        body = {"reason": "新版", "to_stage": "before"}
        refused = await client.post(f"{url}/move-method", json=body)
        assert problem(refused) == (409, "return-not-allowed")
        moved = await client.post(f"{url}/move-method", json=body | {"override_reason": REASON})
        assert (moved.status_code, moved.json()["stage_code"]) == (200, "before")
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert stays[-1]["override_reason"] == REASON

    @pytest.mark.parametrize("to_stage", ["b", "c"])
    async def test_an_override_passes_over_conditions_and_skipped_stages_and_is_kept(
        self,
        client: httpx.AsyncClient,
        url: str,
        database: Database,
        tenant: str,
        to_stage: str,
    ) -> None:
        body = {"reason": "新版", "to_stage": to_stage, "override_reason": REASON}
        moved = await client.post(f"{url}/move-method", json=body)
        assert (moved.status_code, moved.json()["stage_code"]) == (200, to_stage)
        stay = (await client.get(f"{url}/stages")).json()["items"][-1]
        assert (stay["manner"], stay["reason"], stay["override_reason"]) == (
            "method_move", "新版", REASON
        )  # fmt: skip
        assert (await emitted(database, tenant))[-1].data["override_reason"] == REASON
        assert (await audited(database, tenant))[-1].changes["override_reason"]["after"] == REASON

    async def test_of_nothing_an_override_is_not_kept(
        self, client: httpx.AsyncClient, url: str
    ) -> None:
        body = {"reason": "新版", "override_reason": "以防万一"}
        await client.post(f"{url}/move-method", json=body)
        stay = (await client.get(f"{url}/stages")).json()["items"][-1]
        assert (stay["manner"], stay["override_reason"]) == ("method_move", None)

    async def test_an_override_is_for_holders_of_its_scope(
        self, client_for: ClientFor, tenant: str, url: str, problem: ProblemOf
    ) -> None:
        seller = client_for(tenant, roles=("sales_representative",))
        body = {"reason": "新版", "to_stage": "b", "override_reason": "赶进度"}
        refused = await seller.post(f"{url}/move-method", json=body)
        assert problem(refused) == (403, "override-not-allowed")

    async def test_without_a_stage_of_the_same_code_one_may_go_as_far_as_one_was(
        self, client: httpx.AsyncClient, url: str, make_method: Make, problem: ProblemOf
    ) -> None:
        stages = [stage("x", 10, conditions=NAMED), stage("y", 50)]
        other = {"reason": "改用", "method_id": (await make_method(stages=stages))["id"]}
        further = await client.post(f"{url}/move-method", json=other | {"to_stage": "y"})
        assert problem(further) == (422, "promotion-conditions-unmet")
        moved = await client.post(f"{url}/move-method", json=other | {"to_stage": "x"})
        assert (moved.status_code, moved.json()["stage_code"]) == (200, "x")

    async def test_a_detour_by_another_method_passes_no_gate(
        self, client: httpx.AsyncClient, url: str, make_method: Make, problem: ProblemOf
    ) -> None:
        before = (await client.get(url)).json()
        other = await make_method(stages=[stage("x", 10), stage("y", 50), stage("z", 60)])
        moved = await client.post(
            f"{url}/move-method",
            json={"reason": "改用", "method_id": other["id"], "to_stage": "x"},
        )
        assert moved.status_code == 200, moved.text
        for _ in range(2):
            assert (await client.post(f"{url}/promote", json={})).status_code == 200
        back = {"reason": "改回", "method_id": before["method_id"], "to_stage": "b"}
        refused = await client.post(f"{url}/move-method", json=back)
        assert problem(refused)[1] in ("promotion-conditions-unmet", "stage-not-skippable")


class TestWinning:
    """The stage that is left by winning holds like one that is left by promotion."""

    @pytest.fixture
    async def url(self, make_method: Make, make_in_progress: Make) -> str:
        ends = stage("end", 100, kind="successful")
        await make_method(stages=[stage("sign", 90, conditions=NAMED), ends])
        return f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"

    async def test_is_refused_until_the_strict_conditions_are_met(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        gate = (await client.get(f"{url}/gate")).json()
        assert (gate["to_stage_code"], gate["winning_asks"], gate["winning_allowed"]) == (
            None, True, False
        )  # fmt: skip
        refused = await client.post(f"{url}/win", json=WIN)
        assert problem(refused) == (422, "promotion-conditions-unmet")
        assert [one["item"] for one in refused.json()["unmet"]] == ["competitor"]
        assert (await client.get(url)).json()["status"] == "in_progress"
        await name_competitor(client, url)
        assert (await client.get(f"{url}/gate")).json()["winning_allowed"] is True
        assert (await client.post(f"{url}/win", json=WIN)).json()["status"] == "won"

    async def test_despite_reminders_needs_them_confirmed(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        problem: ProblemOf,
    ) -> None:
        await make_method(stages=[stage("s", 90, conditions=NAMED | {"control": "remind"})])
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        assert (await client.get(f"{url}/gate")).json()["winning_allowed"] is True
        assert problem(await client.post(f"{url}/win", json=WIN)) == (409, "promotion-reminder")
        won = await client.post(f"{url}/win", json=WIN | {"confirm_reminders": True})
        assert won.json()["status"] == "won"

    async def test_over_unmet_conditions_keeps_why(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        won = await client.post(f"{url}/win", json=WIN | {"override_reason": REASON})
        assert won.json()["status"] == "won"
        stay = (await client.get(f"{url}/stages")).json()["items"][-1]
        assert (stay["manner"], stay["override_reason"]) == ("winning", REASON)
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["override_reason"]) == ("sales.opportunity-won.v1", REASON)
        assert (await audited(database, tenant))[-1].changes["override_reason"]["after"] == REASON

    async def test_over_unmet_conditions_is_for_holders_of_the_scope(
        self, client_for: ClientFor, tenant: str, url: str, problem: ProblemOf
    ) -> None:
        seller = client_for(tenant, roles=("sales_representative",))
        refused = await seller.post(f"{url}/win", json=WIN | {"override_reason": "赶进度"})
        assert problem(refused) == (403, "override-not-allowed")

    async def test_asks_nothing_where_the_method_says_so(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> None:
        stages = [stage("sign", 90, conditions=NAMED)]
        method = await make_method(stages=stages, winning_asks=False)
        assert method["winning_asks"] is False
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        gate = (await client.get(f"{url}/gate")).json()
        assert (gate["winning_asks"], gate["winning_allowed"], len(gate["unmet"])) == (
            False, True, 1
        )  # fmt: skip
        assert (await client.post(f"{url}/win", json=WIN)).json()["status"] == "won"

    async def test_from_an_early_stage_asks_for_that_stage_only(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> None:
        await make_method(stages=[stage("a", 10), stage("sign", 90, conditions=NAMED)])
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        assert (await client.post(f"{url}/win", json=WIN)).json()["status"] == "won"

    @pytest.mark.parametrize("extra", [[], [{"op": "create", "topic": "x", "assign": True}]],
                             ids=["together", "one by one"])  # fmt: skip
    async def test_in_a_batch_asks_the_same(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        make_activity: Make,
        extra: list[dict[str, Any]],
    ) -> None:
        visited = {"control": "strict", "visits": 1}
        await make_method(stages=[stage("sign", 90, conditions=visited)])
        ready, unready, overridden = [
            (await make_in_progress(opened_on=OPENED))["id"] for _ in range(3)
        ]
        await make_activity(opportunity_id=ready)
        win = {"op": "win"} | WIN
        commands = [
            win | {"opportunity_id": ready},
            win | {"opportunity_id": unready},
            win | {"opportunity_id": overridden, "override_reason": REASON},
        ]
        answer = await client.post(f"{PATH}/batch", json={"commands": commands + extra})
        items = answer.json()["items"][:3]
        assert [(one["problem"] or {}).get("code") for one in items] == [
            None, "promotion-conditions-unmet", None
        ]  # fmt: skip
        assert items[1]["problem"]["extra"]["unmet"][0]["kind"] == "visits"

    async def test_by_the_preset_of_the_text_needs_a_signed_contract(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_effective: Make,
        problem: ProblemOf,
    ) -> None:
        preset = (await client.get("/v1/method-presets")).json()["items"][0]["method"]
        assert (await client.post("/v1/methods", json=preset)).status_code == 201
        made = await make_in_progress(opened_on=OPENED)
        url = f"{PATH}/{made['id']}"
        for _ in range(3):
            await client.post(f"{url}/promote", json={"override_reason": "试用"})
        refused = await client.post(f"{url}/win", json=WIN)
        assert problem(refused) == (422, "promotion-conditions-unmet")
        assert [one["item"] for one in refused.json()["unmet"]] == ["contract"]
        await make_effective(opportunity_id=made["id"])
        assert (await client.post(f"{url}/win", json=WIN)).json()["stage_code"] == "P5"


class TestWhatCounts:
    @pytest.mark.parametrize(("days", "counted"), [(31, 0), (30, 1), (0, 1)])
    async def test_an_activity_counts_from_the_day_the_opportunity_was_opened(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        make_activity: Make,
        days: int,
        counted: int,
    ) -> None:
        asks = {"control": "strict", "visits": 1, "activities": 1}
        await make_method(stages=[stage("a", 10, conditions=asks), stage("b", 90)])
        made = await make_in_progress(opened_on=OPENED)
        await make_activity(opportunity_id=made["id"], on=str(TODAY - timedelta(days=days)))
        gate = (await client.get(f"{PATH}/{made['id']}/gate")).json()
        assert [one["actual"] for one in gate["conditions"]] == [counted, counted]

    async def test_a_task_counts_if_it_was_finished_since(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make, make_task: Make
    ) -> None:
        asks = {"control": "strict", "tasks": 2}
        await make_method(stages=[stage("a", 10, conditions=asks), stage("b", 90)])
        made = await make_in_progress(opened_on=OPENED)
        for days in (31, 29):
            task = await make_task(opportunity_id=made["id"])
            done = {"started_on": str(TODAY - timedelta(days=40))}
            done["finished_on"] = str(TODAY - timedelta(days=days))
            completed = await client.post(f"/v1/tasks/{task['id']}/complete", json=done)
            assert completed.status_code == 200, completed.text
        gate = (await client.get(f"{PATH}/{made['id']}/gate")).json()
        assert [one["actual"] for one in gate["conditions"]] == [1]

    async def test_in_a_new_life_what_happened_before_it_counts_no_more(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        make_activity: Make,
    ) -> None:
        asks = {"control": "strict", "visits": 1}
        await make_method(stages=[stage("a", 10, conditions=asks), stage("b", 90)])
        made = await make_in_progress(opened_on=OPENED)
        url = f"{PATH}/{made['id']}"
        pooled, taken = str(TODAY - timedelta(days=20)), str(TODAY - timedelta(days=10))
        await client.post(f"{url}/return-to-pool", json={"reason": "无预算", "on": pooled})
        owner = {"owner_id": "019364c2-7d5e-7000-8000-000000000002", "on": taken}
        await client.post(f"{url}/take-up", json=owner)
        boss = {"evaluator_id": "019364c2-7d5e-7000-8000-000000000004", "on": taken}
        await client.post(f"{url}/submit", json=boss)
        await client.post(f"{url}/evaluate", json={"result": "pass", "on": taken})
        for days, counted in ((15, 0), (10, 1)):
            await make_activity(opportunity_id=made["id"], on=str(TODAY - timedelta(days=days)))
            gate = (await client.get(f"{url}/gate")).json()
            assert [one["actual"] for one in gate["conditions"]] == [counted]


class TestHistory:
    async def test_names_who_won_and_leaves_nothing_late_after_the_order(
        self, client_for: ClientFor, tenant: str, make_method: Make, make_in_progress: Make
    ) -> None:
        ends = stage("end", 100, kind="successful") | {"planned_days": 0}
        await make_method(stages=[stage("sign", 90), ends])
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        seller = client_for(tenant, subject="wang.fang")
        on = TODAY - timedelta(days=3)
        won = (await seller.post(f"{url}/win", json=WIN | {"closed_on": str(on)})).json()
        assert won["closed_by"] == "wang.fang"
        sign, end = (await seller.get(f"{url}/stages")).json()["items"]
        assert (sign["left_on"], sign["left_by"]) == (str(on), "wang.fang")
        assert (end["left_on"], end["left_by"], end["actual_days"], end["overdue"]) == (
            None, None, 3, False
        )  # fmt: skip

    async def test_names_who_lost_it_also_once_somebody_else_pooled_it(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_in_progress: Make
    ) -> None:
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        seller = client_for(tenant, subject="wang.fang")
        lost = {"closed_on": str(TODAY), "reason": "价格过高", "competitor_unknown": True}
        await seller.post(f"{url}/lose", json=lost)
        (stay,) = (await client.get(f"{url}/stages")).json()["items"]
        assert stay["left_by"] == "wang.fang"
        pooled = await client.post(f"{url}/return-to-pool", json={"reason": "明年再谈"})
        assert pooled.json()["closed_by"] is None
        (stay,) = (await client.get(f"{url}/stages")).json()["items"]
        assert (stay["left_on"], stay["left_by"]) == (str(TODAY), "wang.fang")

    async def test_tells_of_the_stage_that_was_left(
        self,
        client: httpx.AsyncClient,
        make_method: Make,
        make_in_progress: Make,
        database: Database,
        tenant: str,
    ) -> None:
        await make_method(stages=[stage("a", 10), stage("b", 90, may_return_to=["a"])])
        url = f"{PATH}/{(await make_in_progress(opened_on=OPENED))['id']}"
        await client.post(f"{url}/promote", json={"on": str(TODAY - timedelta(days=21))})
        back = {"to_stage": "a", "reason": "需求变更", "on": str(TODAY - timedelta(days=20))}
        await client.post(f"{url}/return-to-stage", json=back)
        events = await emitted(database, tenant, "sales.opportunity-stage-entered.v1")
        names = ("former_stage_code", "former_planned_days", "former_actual_days")
        assert [[one.data[name] for name in names] for one in events] == [["a", 7, 9], ["b", 7, 1]]


class TestSkipping:
    async def test_is_allowed_only_where_the_method_says_so(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> None:
        method = await make_method(stages=[stage("a", 1), stage("b", 2), stage("c", 3)])
        assert [one["skippable"] for one in method["stages"]] == [False, False, False]
        url = f"{PATH}/{(await make_in_progress())['id']}/promote"
        refused = await client.post(url, json={"to_stage": "c"})
        assert refused.json()["code"] == "stage-not-skippable"

    async def test_is_foreseen_by_no_preset(self, client: httpx.AsyncClient) -> None:
        presets = (await client.get("/v1/method-presets")).json()["items"]
        assert not any(one["skippable"] for each in presets for one in each["method"]["stages"])
        assert [each["method"]["winning_asks"] for each in presets] == [True, True]
