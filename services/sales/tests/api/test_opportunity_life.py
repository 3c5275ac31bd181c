"""Evaluation, promotion and closing through the API."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor
from kehu_sales.opportunities.models import Opportunity

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
PATH = "/v1/opportunities"
TODAY = clock.today(clock.now(), "Asia/Shanghai")
TOMORROW = str(TODAY + timedelta(days=1))
REP = ("sales_representative",)


def stage(code: str, rate: int, control: str = "none", **counts: int) -> dict[str, Any]:
    return {
        "code": code,
        "name": code,
        "planned_days": 7,
        "success_rate": rate,
        "conditions": {"control": control} | counts,
    }


class TestEvaluation:
    async def test_goes_from_evaluator_to_evaluator(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        make_opportunity: Make,
        tenant: str,
        database: Database,
        problem: ProblemOf,
    ) -> None:
        first, second = str(uuid4()), str(uuid4())
        url = f"{PATH}/{(await make_opportunity(opened_on='2026-03-02'))['id']}"
        submitted = await client.post(
            f"{url}/submit", json={"evaluator_id": first, "on": "2026-03-03"}
        )
        assert (submitted.json()["status"], submitted.json()["evaluator_id"]) == (
            "in_evaluation", first
        )  # fmt: skip
        one, two = (
            client_for(tenant, roles=REP, employee_id=employee, subject=f"user-{n}")
            for n, employee in enumerate((first, second))
        )
        decision: dict[str, Any] = {"result": "pass", "on": "2026-03-04"}
        assert problem(await two.post(f"{url}/evaluate", json=decision)) == (
            403, "not-the-evaluator"
        )  # fmt: skip
        handed = await one.post(
            f"{url}/evaluate",
            json={"result": "pass_to_next", "next_evaluator_id": second, "on": "2026-03-04"},
        )
        assert (handed.json()["status"], handed.json()["evaluator_id"]) == ("in_evaluation", second)
        assert problem(await one.post(f"{url}/evaluate", json=decision)) == (
            403, "not-the-evaluator"
        )  # fmt: skip
        passed = (await two.post(f"{url}/evaluate", json=decision | {"comment": "可行"})).json()
        assert (passed["status"], passed["evaluator_id"]) == ("in_progress", None)
        assert (passed["stage_code"], passed["success_rate"]) == ("understand", 10)
        assert passed["stage_entered_on"] == "2026-03-04"
        history = (await client.get(f"{url}/evaluations")).json()["items"]
        assert history == [
            {"round": 1, "evaluator_id": first, "result": "pass_to_next", "comment": None,
             "next_evaluator_id": second, "decided_on": "2026-03-04", "decided_by": "user-0"},
            {"round": 2, "evaluator_id": second, "result": "pass", "comment": "可行",
             "next_evaluator_id": None, "decided_on": "2026-03-04", "decided_by": "user-1"},
        ]  # fmt: skip
        events = (await emitted(database, tenant))[-3:]
        assert [event.type for event in events] == [
            "sales.opportunity-submitted.v1",
            "sales.opportunity-evaluated.v1",
            "sales.opportunity-evaluated.v1",
        ]
        assert [event.data["effective_on"] for event in events] == [
            "2026-03-03", "2026-03-04", "2026-03-04"
        ]  # fmt: skip
        assert [event.data["evaluator_id"] for event in events] == [first, first, second]
        assert events[1].data["next_evaluator_id"] == second
        assert events[2].data["stage_code"] == "understand"
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.actor) == ("opportunity.evaluated", "user-1")
        assert entry.changes["status"] == {"before": "in_evaluation", "after": "in_progress"}
        assert entry.changes["comment"]["after"] == "可行"

    async def test_rejected_it_is_submitted_again(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        url = f"{PATH}/{(await make_opportunity())['id']}"
        for result, status in (("reject", "not_evaluated"), ("fail", "evaluation_failed")):
            await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
            made = (await client.post(f"{url}/evaluate", json={"result": result})).json()
            assert made["status"] == status
        rounds = (await client.get(f"{url}/evaluations")).json()["items"]
        assert [(one["round"], one["result"]) for one in rounds] == [(1, "reject"), (2, "fail")]
        assert (await client.get(f"{url}/stages")).json() == {"items": []}

    async def test_refusals(
        self, client: httpx.AsyncClient, make_opportunity: Make, problem: ProblemOf
    ) -> None:
        opened = await make_opportunity(opened_on="2026-03-02")
        url = f"{PATH}/{opened['id']}"
        someone = {"evaluator_id": str(uuid4())}

        async def refusal(command: str, **body: Any) -> tuple[int, str]:
            return problem(await client.post(f"{url}/{command}", json=body))

        assert await refusal("evaluate", result="pass") == (409, "not-in-evaluation")
        assert await refusal("submit") == (422, "invalid-request")
        assert await refusal("submit", **someone, on="2026-03-01") == (422, "date-before-previous")
        assert await refusal("submit", **someone, on=TOMORROW) == (422, "date-in-future")
        assert (await client.post(f"{url}/submit", json=someone)).status_code == 200
        assert await refusal("submit", **someone) == (409, "not-awaiting-submission")
        assert await refusal("evaluate", result="maybe") == (422, "invalid-request")
        assert await refusal("evaluate", result="pass_to_next") == (422, "next-evaluator-missing")
        assert await refusal("evaluate", result="fail", next_evaluator_id=str(uuid4())) == (
            422, "next-evaluator-not-wanted"
        )  # fmt: skip
        assert await refusal("evaluate", result="pass", on=TOMORROW) == (422, "date-in-future")
        assert await refusal("promote") == (409, "not-in-progress")
        assert problem(await client.get(f"{url}/promotion")) == (409, "not-in-progress")
        await client.post(f"{url}/evaluate", json={"result": "fail"})
        for command, body in (
            ("submit", someone),
            ("evaluate", {"result": "pass"}),
            ("promote", {}),
            ("lose", {"closed_on": str(TODAY), "reason": "x", "competitor_unknown": True}),
        ):
            assert await refusal(command, **body) == (409, "evaluation-has-failed")


class TestPromotion:
    @pytest.fixture
    async def watched(
        self, client: httpx.AsyncClient, make_method: Make, make_in_progress: Make
    ) -> str:
        """The address of an opportunity whose stages remind, then are strict, then end."""
        await make_method(
            stages=[
                stage("a", 10, "remind", activities=1),
                stage("b", 30, "strict", tasks=1, quotes=1),
                stage("c", 90),
            ]
        )
        return f"{PATH}/{(await make_in_progress(opened_on='2026-03-02'))['id']}"

    async def test_reminds_until_confirmed(
        self, client: httpx.AsyncClient, watched: str, problem: ProblemOf
    ) -> None:
        response = await client.post(f"{watched}/promote", json={"on": "2026-03-05"})
        assert problem(response) == (409, "promotion-reminder")
        unmet = {"stage_code": "a", "control": "remind", "kind": "activities",
                 "item": None, "required": 1, "actual": 0, "met": False,
                 "en": "a: activities: 1 needed, 0 there.",
                 "zh": "a：活动须有 1 个，现有 0 个。"}  # fmt: skip
        assert response.json()["conditions"] == [unmet]
        preview = (await client.get(f"{watched}/promotion")).json()
        assert preview == {
            "stage_code": "a",
            "stage_entered_on": "2026-03-02",
            "next_stage_code": "b",
            "next_stage_name": "b",
            "next_stage_position": 2,
            "next_success_rate": 30,
            "conditions": [unmet],
            "allowed": True,
            "needs_confirmation": True,
        }
        response = await client.post(
            f"{watched}/promote", json={"on": "2026-03-05", "confirm_reminders": True}
        )
        assert (response.json()["stage_code"], response.json()["success_rate"]) == ("b", 30)

    async def test_is_free_once_the_records_are_there(
        self,
        client: httpx.AsyncClient,
        watched: str,
        make_activity: Make,
        make_task: Make,
        make_product: Make,
        make_quote: Make,
        problem: ProblemOf,
    ) -> None:
        opportunity_id = watched.rpartition("/")[2]
        link = {"opportunity_id": opportunity_id}
        assert (await make_activity(**link))["stage_code"] == "a"
        early = await make_task(**link)
        assert (await client.post(f"{watched}/promote", json={})).status_code == 200
        done = {"started_on": str(TODAY), "finished_on": str(TODAY)}
        await client.post(f"/v1/tasks/{early['id']}/complete", json=done)
        task = await make_task(**link)
        line = {"product_id": (await make_product())["id"], "quantity": "1"}
        etag = (await client.get(watched)).headers["etag"]
        await client.patch(watched, json={"lines": [line]}, headers={"If-Match": etag})
        await make_quote(**link)
        response = await client.post(f"{watched}/promote", json={"confirm_reminders": True})
        assert problem(response) == (422, "promotion-conditions-unmet")
        assert [
            (one["kind"], one["actual"], one["met"]) for one in response.json()["conditions"]
        ] == [("tasks", 0, False), ("quotes", 1, True)]
        assert (await client.get(f"{watched}/promotion")).json()["allowed"] is False
        await client.post(f"/v1/tasks/{task['id']}/complete", json=done)
        response = await client.post(f"{watched}/promote", json={})
        assert response.json()["stage_code"] == "c"
        assert problem(await client.post(f"{watched}/promote", json={})) == (409, "last-stage")
        preview = (await client.get(f"{watched}/promotion")).json()
        assert (preview["next_stage_code"], preview["allowed"]) == (None, False)

    async def test_refusals(
        self, client: httpx.AsyncClient, make_in_progress: Make, problem: ProblemOf
    ) -> None:
        url = f"{PATH}/{(await make_in_progress(opened_on='2026-03-02'))['id']}"
        for body, expected in (
            ({"on": TOMORROW}, (422, "date-in-future")),
            ({"on": "2026-03-01"}, (422, "date-before-previous")),
            ({"to_stage": "understand"}, (409, "not-a-later-stage")),
            ({"to_stage": "unheard-of"}, (409, "not-a-later-stage")),
        ):
            assert problem(await client.post(f"{url}/promote", json=body)) == expected
        stale = await client.post(f"{url}/promote", json={}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")
        assert "stage_code" in stale.json()["changed_fields"]

    async def test_keeps_the_history_of_stages(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        database: Database,
        tenant: str,
    ) -> None:
        url = f"{PATH}/{(await make_in_progress(opened_on='2026-03-02'))['id']}"
        await client.post(f"{url}/promote", json={"on": "2026-03-12"})
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.opportunity-stage-entered.v1"
        assert (event.data["stage_code"], event.data["effective_on"]) == ("pre-study", "2026-03-12")
        await client.post(f"{url}/promote", json={"on": "2026-03-20", "to_stage": "sign"})
        stages = (await client.get(f"{url}/stages")).json()["items"]
        assert [
            (one["code"], one["entered_on"], one["left_on"], one["actual_days"], one["overdue"])
            for one in stages[:2]
        ] == [
            ("understand", "2026-03-02", "2026-03-12", 10, True),
            ("pre-study", "2026-03-12", "2026-03-20", 8, False),
        ]
        days = (TODAY - TODAY.fromisoformat("2026-03-20")).days
        assert (stages[2]["left_on"], stages[2]["actual_days"]) == (None, days)
        await client.post(
            f"{url}/lose",
            json={"closed_on": "2026-03-21", "reason": "价格过高", "competitor": "神州数码"},
        )
        last = (await client.get(f"{url}/stages")).json()["items"][-1]
        assert (last["left_on"], last["actual_days"]) == ("2026-03-21", 1)


class TestClosing:
    async def test_won_for_the_agreed_amount(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        database: Database,
        tenant: str,
    ) -> None:
        made = await make_in_progress(
            opened_on="2026-03-02", expected_revenue={"amount": "4821.00", "currency": "USD"}
        )
        amount = {"amount": "4514.00", "currency": "USD"}
        body = {"closed_on": "2026-05-01", "reason": "方案优", "amount": amount}
        won = (await client.post(f"{PATH}/{made['id']}/win", json=body)).json()
        assert (won["status"], won["won_amount"]) == ("won", amount)
        assert (won["closed_on"], won["close_reason"]) == ("2026-05-01", "方案优")
        assert won["expected_revenue"] == made["expected_revenue"]
        event = (await emitted(database, tenant))[-1]
        assert event.type == "sales.opportunity-won.v1"
        assert (event.data["won_amount"], event.data["effective_on"]) == (amount, "2026-05-01")

    async def test_won_for_the_expected_revenue(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        made = await make_in_progress()
        body = {"closed_on": str(TODAY), "reason": "方案优"}
        won = (await client.post(f"{PATH}/{made['id']}/win", json=body)).json()
        assert won["won_amount"] == made["expected_revenue"]

    async def test_lost(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        database: Database,
        tenant: str,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await make_in_progress(customer_id=None))['id']}"
        body = {"closed_on": str(TODAY), "reason": "价格过高", "competitor": "神州数码"}
        lost = (await client.post(f"{url}/lose", json=body)).json()
        assert (lost["status"], lost["won_amount"], lost["competitor"]) == (
            "lost",
            None,
            "神州数码",
        )
        assert (await emitted(database, tenant))[-1].type == "sales.opportunity-lost.v1"
        for command, again in (
            ("lose", body),
            ("win", {"closed_on": str(TODAY), "reason": "方案优"}),
            ("promote", {}),
            ("submit", {"evaluator_id": str(uuid4())}),
            ("evaluate", {"result": "pass"}),
        ):
            response = await client.post(f"{url}/{command}", json=again)
            assert problem(response) == (409, "opportunity-is-closed")

    @pytest.mark.parametrize("command", ["win", "lose"])
    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_in_progress: Make,
        problem: ProblemOf,
        command: str,
    ) -> None:
        url = f"{PATH}/{(await make_in_progress(opened_on='2026-03-02'))['id']}/{command}"
        day: dict[str, Any] = {"closed_on": str(TODAY)}
        if command == "lose":
            day["competitor_unknown"] = True
        for body, expected in (
            (day, (422, "invalid-request")),
            ({"reason": "x"}, (422, "invalid-request")),
            (day | {"reason": " "}, (422, "invalid-request")),
            (day | {"closed_on": None, "reason": "x"}, (422, "invalid-request")),
            (day | {"closed_on": TOMORROW, "reason": "x"}, (422, "date-in-future")),
            (day | {"closed_on": "2026-03-01", "reason": "x"}, (422, "date-before-previous")),
        ):
            assert problem(await client.post(url, json=body)) == expected
        url = f"{PATH}/{(await make_opportunity())['id']}/{command}"
        response = await client.post(url, json=day | {"reason": "x"})
        assert problem(response) == (409, "not-in-progress")

    async def test_winning_needs_a_customer_who_is_still_one(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        end_customer: Callable[[str], Awaitable[None]],
        problem: ProblemOf,
    ) -> None:
        body: dict[str, Any] = {"closed_on": str(TODAY), "reason": "方案优"}
        without = await make_in_progress(customer_id=None)
        response = await client.post(f"{PATH}/{without['id']}/win", json=body)
        assert problem(response) == (409, "customer-needed")
        made = await make_in_progress()
        amount = {"amount": "1.00", "currency": "USD"}
        response = await client.post(f"{PATH}/{made['id']}/win", json=body | {"amount": amount})
        assert problem(response) == (422, "mixed-currencies")
        await end_customer(made["customer_id"])
        response = await client.post(f"{PATH}/{made['id']}/win", json=body)
        assert problem(response) == (409, "customer-has-ended")


@pytest.mark.parametrize(
    "shown", ["need_confirmed_on", "feasibility_passed_on", "solution_accepted_on"]
)
async def test_a_fact_counts_from_the_day_it_was_opened(
    client: httpx.AsyncClient, make_opportunity: Make, problem: ProblemOf, shown: str
) -> None:
    today = clock.today(clock.now(), "Asia/Shanghai")
    opened_on = today - timedelta(days=1)
    made = await make_opportunity(opened_on=str(opened_on))
    url, current = f"/v1/opportunities/{made['id']}", {"If-Match": '"1"'}
    for days, refusal in ((-1, "date-before-previous"), (2, "date-in-future")):
        said = {shown: str(opened_on + timedelta(days=days))}
        refused = await client.patch(url, json=said, headers=current)
        assert problem(refused) == (422, refusal)
    kept = await client.patch(url, json={shown: str(opened_on)}, headers=current)
    assert kept.json()[shown] == str(opened_on)


async def test_a_fact_of_a_former_life_counts_no_more(
    client: httpx.AsyncClient, make_opportunity: Make, problem: ProblemOf
) -> None:
    today = clock.today(clock.now(), "Asia/Shanghai")
    opened_on, taken_up_on = (today - timedelta(days=days) for days in (3, 1))
    made = await make_opportunity(opened_on=str(opened_on))
    url = f"/v1/opportunities/{made['id']}"
    await client.post(f"{url}/return-to-pool", json={"reason": "预算推迟", "on": str(opened_on)})
    again = await client.post(
        f"{url}/take-up", json={"owner_id": str(uuid4()), "on": str(taken_up_on)}
    )
    current = {"If-Match": again.headers["ETag"]}
    former = {"need_confirmed_on": str(opened_on)}
    refused = await client.patch(url, json=former, headers=current)
    assert problem(refused) == (422, "date-before-previous")
    kept = await client.patch(url, json={"need_confirmed_on": str(taken_up_on)}, headers=current)
    assert kept.status_code == 200, kept.text


async def test_a_fact_on_record_may_be_said_again_with_the_rest_of_a_form(
    client: httpx.AsyncClient, make_opportunity: Make, database: Database, tenant: str
) -> None:
    """Of before facts were looked at: nobody can change another field without it."""
    made = await make_opportunity()
    async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
        long_ago = update(Opportunity).where(Opportunity.id == UUID(made["id"]))
        await session.execute(long_ago.values(need_confirmed_on=date(2020, 1, 1)))
    form = {"need_confirmed_on": "2020-01-01", "feasibility_passed_on": None, "topic": "二期"}
    saved = await client.patch(
        f"/v1/opportunities/{made['id']}", json=form, headers={"If-Match": '"1"'}
    )
    assert (saved.status_code, saved.json()["topic"]) == (200, "二期"), saved.text
