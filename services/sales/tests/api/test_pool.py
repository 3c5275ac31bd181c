"""The reserve pool, reports, and confirmations through the API."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

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
TOMORROW = str(TODAY + timedelta(days=1))
KEEP = {"reason": "今年无预算"}


class TestPool:
    async def test_keeps_a_lost_one_and_what_it_had_been(
        self, client: httpx.AsyncClient, make_in_progress: Make, database: Database, tenant: str
    ) -> None:
        owner = str(uuid4())
        made = await make_in_progress(opened_on="2026-03-02", owner_id=owner)
        url = f"{PATH}/{made['id']}"
        lost = {"closed_on": "2026-03-10", "reason": "价格过高", "competitor": "神州数码"}
        await client.post(f"{url}/lose", json=lost)
        kept = (await client.post(f"{url}/return-to-pool", json=KEEP | {"on": "2026-03-12"})).json()
        assert (kept["status"], kept["kind"], kept["owner_id"]) == ("pooled", "potential", None)
        assert (kept["stage_code"], kept["closed_on"], kept["success_rate"]) == (None, None, None)
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.opportunity-pooled.v1"
        assert (event.data["status"], event.data["pooled"]) == ("evaluation_failed", True)
        assert (event.data["former_status"], event.data["effective_on"]) == ("lost", "2026-03-12")
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.changes["reason"]["after"]) == (
            "opportunity.pooled", KEEP["reason"]
        )  # fmt: skip
        (move,) = (await client.get(f"{url}/pool-moves")).json()["items"]
        assert move == {
            "move": "pooled", "moved_on": "2026-03-12", "reason": KEEP["reason"],
            "status": "lost", "stage_code": "understand", "owner_id": owner,
            "closed_on": "2026-03-10", "close_reason": "价格过高", "competitor": "神州数码",
            "moved_by": "tester",
        }  # fmt: skip
        (stay,) = (await client.get(f"{url}/stages")).json()["items"]
        assert (stay["left_on"], stay["actual_days"]) == ("2026-03-10", 8)

    async def test_gives_back_what_is_taken_up_to_begin_again(
        self, client: httpx.AsyncClient, make_in_progress: Make, database: Database, tenant: str
    ) -> None:
        made = await make_in_progress(opened_on="2026-03-02")
        url, owner = f"{PATH}/{made['id']}", str(uuid4())
        await client.post(f"{url}/confirm", json={"formal_request": True, "on": "2026-03-03"})
        await client.post(f"{url}/return-to-pool", json=KEEP | {"on": "2026-03-12"})
        listed = (await client.get(PATH, params={"status": "pooled"})).json()["items"]
        assert [one["id"] for one in listed] == [made["id"]]
        taken = (await client.post(f"{url}/take-up", json={"owner_id": owner})).json()
        assert (taken["status"], taken["owner_id"], taken["confirmed_on"]) == (
            "not_evaluated", owner, None
        )  # fmt: skip
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.opportunity-taken-up.v1"
        assert (event.data["status"], event.data["pooled"]) == ("not_evaluated", False)
        await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        again = (await client.post(f"{url}/evaluate", json={"result": "pass"})).json()
        assert again["stage_code"] == "understand"
        stays = (await client.get(f"{url}/stages")).json()["items"]
        assert [(one["code"], one["left_on"]) for one in stays] == [
            ("understand", "2026-03-12"), ("understand", None)
        ]  # fmt: skip

    async def test_keeps_what_failed_its_evaluation(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        url = f"{PATH}/{(await make_opportunity())['id']}"
        await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        await client.post(f"{url}/evaluate", json={"result": "fail"})
        kept = await client.post(f"{url}/return-to-pool", json=KEEP)
        assert kept.json()["status"] == "pooled"

    async def test_lets_nothing_be_done_but_cultivation(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_activity: Make,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await make_in_progress())['id']}"
        kept = (await client.post(f"{url}/return-to-pool", json=KEEP)).json()
        day = {"closed_on": str(TODAY), "reason": "x"}
        for command, body in (
            ("submit", {"evaluator_id": str(uuid4())}),
            ("evaluate", {"result": "pass"}),
            ("promote", {}),
            ("win", day),
            ("lose", day | {"competitor_unknown": True}),
            ("confirm", {"formal_request": True}),
            ("return-to-pool", KEEP),
            ("return-to-stage", {"to_stage": "understand", "reason": "x"}),
            ("move-method", {"reason": "x"}),
        ):
            response = await client.post(f"{url}/{command}", json=body)
            assert problem(response) == (409, "opportunity-in-pool"), command
        for preview in ("promotion", "gate"):
            response = await client.get(f"{url}/{preview}")
            assert problem(response) == (409, "opportunity-in-pool"), preview
        await make_activity(opportunity_id=kept["id"])
        changed = await client.patch(
            url, json={"need": "明年预算"}, headers={"If-Match": f'"{kept["version"]}"'}
        )
        assert changed.json()["need"] == "明年预算"

    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_in_progress: Make,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await make_opportunity(opened_on='2026-03-02'))['id']}"
        owner = {"owner_id": str(uuid4())}
        refused = await client.post(f"{url}/take-up", json=owner)
        assert problem(refused) == (409, "opportunity-not-in-pool")
        for body, expected in (
            ({}, (422, "invalid-request")),
            (KEEP | {"on": TOMORROW}, (422, "date-in-future")),
            (KEEP | {"on": "2026-03-01"}, (422, "date-before-previous")),
        ):
            response = await client.post(f"{url}/return-to-pool", json=body)
            assert problem(response) == expected
        won = f"{PATH}/{(await make_in_progress())['id']}"
        await client.post(f"{won}/win", json={"closed_on": str(TODAY), "reason": "方案优"})
        refused = await client.post(f"{won}/return-to-pool", json=KEEP)
        assert problem(refused) == (409, "opportunity-is-closed")


class TestLosing:
    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({}, "competitor-needed"),
            ({"competitor": "神州数码", "competitor_unknown": True}, "competitor-needed"),
        ],
    )
    async def test_needs_a_competitor_or_the_word_that_none_is_known(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        problem: ProblemOf,
        said: dict[str, Any],
        code: str,
    ) -> None:
        made = await make_in_progress()
        body = {"closed_on": str(TODAY), "reason": "价格过高"} | said
        response = await client.post(f"{PATH}/{made['id']}/lose", json=body)
        assert problem(response) == (422, code)

    async def test_takes_the_competitor_that_was_named_before(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        made = await make_in_progress(competitor="神州数码")
        body = {"closed_on": str(TODAY), "reason": "价格过高"}
        lost = (await client.post(f"{PATH}/{made['id']}/lose", json=body)).json()
        assert (lost["status"], lost["competitor"]) == ("lost", "神州数码")


class TestReports:
    async def test_any_employee_reports_and_sees_what_becomes_of_it(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str, make_method: Make
    ) -> None:
        await make_method()
        employee = str(uuid4())
        mechanic = client_for(tenant, roles=("service_agent",), employee_id=employee)
        body = {"topic": "服务器即将退役", "reporter_role": "maintenance", "need_kind": "latent"}
        made = await mechanic.post("/v1/opportunity-reports", json=body)
        assert made.status_code == 201, made.text
        report = made.json()
        assert (report["reported_by_id"], report["kind"]) == (employee, "potential")
        whole = (await client.get(f"{PATH}/{report['id']}")).json()
        assert (whole["reported_by_id"], whole["owner_id"]) == (employee, None)
        await client.post(f"{PATH}/{report['id']}/confirm", json={"formal_request": True})
        seen = (await mechanic.get(f"/v1/opportunity-reports/{report['id']}")).json()
        assert seen["kind"] == "effective"
        listed = (await mechanic.get("/v1/opportunity-reports")).json()["items"]
        assert [one["id"] for one in listed] == [report["id"]]
        assert (await mechanic.get(f"{PATH}/{report['id']}")).status_code == 403

    async def test_are_not_shown_to_others(
        self, client_for: ClientFor, tenant: str, make_method: Make
    ) -> None:
        await make_method()
        one, two = (
            client_for(tenant, roles=("service_agent",), employee_id=str(uuid4())) for _ in range(2)
        )
        report = (await one.post("/v1/opportunity-reports", json={"topic": "线索"})).json()
        assert (await two.get(f"/v1/opportunity-reports/{report['id']}")).status_code == 404
        assert (await two.get("/v1/opportunity-reports")).json()["items"] == []

    async def test_need_an_employee(
        self, client: httpx.AsyncClient, make_method: Make, problem: ProblemOf
    ) -> None:
        await make_method()
        response = await client.post("/v1/opportunity-reports", json={"topic": "线索"})
        assert problem(response) == (422, "reporter-needed")
        named = {"topic": "线索", "reported_by_id": str(uuid4())}
        assert (await client.post("/v1/opportunity-reports", json=named)).status_code == 201

    async def test_whoever_opens_one_is_its_reporter(
        self, client_for: ClientFor, tenant: str, make_method: Make
    ) -> None:
        await make_method()
        employee = str(uuid4())
        seller = client_for(tenant, roles=("sales_representative",), employee_id=employee)
        made = (await seller.post(PATH, json={"topic": "工作站更新"})).json()
        assert made["reported_by_id"] == employee


class TestConfirmation:
    TEMPLATE: dict[str, Any] = {  # noqa: RUF012 - never changed
        "code": "KEY", "name": "大客户", "required_fields": ["need", "interest"],
        "questions": [{"code": "budget", "question_zh": "预算是否落实？"}],
    }  # fmt: skip

    async def test_by_a_template_once_everything_it_asks_is_there(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        made = await client.post("/v1/confirmation-templates", json=self.TEMPLATE)
        template = made.json()["id"]
        opportunity = await make_opportunity(need="四十台工作站")
        url = f"{PATH}/{opportunity['id']}"
        response = await client.post(f"{url}/confirm", json={"template_id": template})
        assert problem(response) == (422, "confirmation-incomplete")
        assert response.json()["missing_fields"] == ["interest"]
        assert response.json()["missing_answers"] == ["budget"]
        await client.patch(url, json={"interest": "high"}, headers={"If-Match": '"1"'})
        body = {"template_id": template, "answers": [{"code": "budget", "answer": "已落实"}]}
        confirmed = (await client.post(f"{url}/confirm", json=body)).json()
        assert (confirmed["kind"], confirmed["confirmation"]) == ("effective", "template")
        assert confirmed["confirmation_answers"] == {"budget": "已落实"}
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.opportunity-confirmed.v1"
        assert (event.data["template_id"], event.data["kind"]) == (template, "effective")
        again = await client.post(f"{url}/confirm", json={"formal_request": True})
        assert problem(again) == (409, "already-confirmed")

    async def test_by_a_formal_request(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        url = f"{PATH}/{(await make_opportunity(opened_on='2026-03-02'))['id']}"
        body = {"formal_request": True, "on": "2026-03-03"}
        confirmed = (await client.post(f"{url}/confirm", json=body)).json()
        assert (confirmed["kind"], confirmed["need_kind"]) == ("effective", "explicit")
        assert (confirmed["status"], confirmed["confirmed_on"]) == ("not_evaluated", "2026-03-03")

    async def test_refusals(
        self, client: httpx.AsyncClient, make_opportunity: Make, problem: ProblemOf
    ) -> None:
        template = (await client.post("/v1/confirmation-templates", json=self.TEMPLATE)).json()
        url = f"{PATH}/{(await make_opportunity(opened_on='2026-03-02'))['id']}/confirm"
        odd = [{"code": "weather", "answer": "晴"}]
        for body, expected in (
            ({}, (422, "confirmation-basis-needed")),
            ({"formal_request": True, "template_id": template["id"]},
             (422, "confirmation-basis-needed")),
            ({"template_id": str(uuid4())}, (422, "unknown-confirmation-template")),
            ({"template_id": template["id"], "answers": odd}, (422, "unknown-question")),
            ({"formal_request": True, "on": TOMORROW}, (422, "date-in-future")),
            ({"formal_request": True, "on": "2026-03-01"}, (422, "date-before-previous")),
        ):  # fmt: skip
            assert problem(await client.post(url, json=body)) == expected

    async def test_templates_are_changed_withdrawn_and_prove_something(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        path = "/v1/confirmation-templates"
        template = (await client.post(path, json=self.TEMPLATE)).json()
        taken = await client.post(path, json=self.TEMPLATE)
        assert problem(taken) == (409, "confirmation-template-code-taken")
        question = self.TEMPLATE["questions"][0]
        for fields in (
            {"required_fields": [], "questions": []},
            {"required_fields": ["confirmed"]},
            {"questions": [question, question]},
        ):
            body = self.TEMPLATE | {"code": "B"} | fields
            refused = await client.post(path, json=body)
            assert problem(refused) == (422, "confirmation-template-proves-nothing")
        one = f"{path}/{template['id']}"
        gone = await client.patch(one, json={"active": False}, headers={"If-Match": '"1"'})
        assert gone.json() == template | {
            "active": False, "version": 2, "updated_at": gone.json()["updated_at"]
        }  # fmt: skip
        assert (await client.get(path, params={"active": "true"})).json()["items"] == []
