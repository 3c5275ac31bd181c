"""Visits from the plan to the closing, and what they bring about (S5; 4 §2)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

NOW = clock.now()
TODAY = clock.today(NOW, "Asia/Shanghai")
TEN = datetime.combine(TODAY + timedelta(days=7), datetime.min.time(), ZoneInfo("Asia/Shanghai"))
TEN += timedelta(hours=10)
REPORT = {"summary": "客户考虑更换工作站。", "next_step": {"step": "送样机试用"}}


async def go(client: httpx.AsyncClient, url: str, body: dict[str, Any] | None = None) -> Any:
    answer = await client.post(url, json=body) if body is not None else await client.post(url)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def boss(client_for: ClientFor, tenant: str) -> httpx.AsyncClient:
    """Somebody else than who plans and submits."""
    return client_for(tenant, subject="li.na", employee_id=str(uuid4()))


@pytest.fixture
def make_done(client: httpx.AsyncClient, make_visit: Make) -> Make:
    """Plans a visit that took place an hour ago, and was not reported yet."""

    async def make(**fields: Any) -> dict[str, Any]:
        made = await make_visit(**fields)
        url = f"/v1/visits/{made['id']}"
        await go(client, f"{url}/check-in", {"at": (NOW - timedelta(hours=2)).isoformat()})
        finished: dict[str, Any] = await go(
            client, f"{url}/finish", {"at": (NOW - timedelta(minutes=80)).isoformat()}
        )
        return finished

    return make


async def test_a_trip_from_the_plan_to_the_closing(
    client_for: ClientFor,
    make_visit: Make,
    client: httpx.AsyncClient,
    boss: httpx.AsyncClient,
    database: Database,
    tenant: str,
    problem: ProblemOf,
) -> None:
    me = str(uuid4())
    made = await make_visit(business_trip=True, owner_id=me, contact_ids=[str(uuid4())])
    url = f"/v1/visits/{made['id']}"
    assert (made["status"], made["approval_needed"]) == ("planned", True)
    assert made["number"] == f"VIS-{TODAY.year}-000001"
    assert [one["code"] for one in made["checklist"] if one["ticked"]] == ["preparation_3"]
    refused = await client.post(f"{url}/check-in", json={})
    assert problem(refused) == (409, "consent-needed")
    await go(client, f"{url}/submit")
    mine = client_for(tenant, employee_id=me)
    assert problem(await mine.post(f"{url}/approve")) == (403, "own-plan")
    clerk = client_for(tenant, roles=("sales_representative",))
    assert problem(await clerk.post(f"{url}/approve")) == (403, "scope-missing")
    assert (await go(boss, f"{url}/approve"))["decided_by"] == "li.na"
    position = {"latitude": 31.2989, "longitude": 120.5853, "accuracy_m": 12.5}
    here = await go(client, f"{url}/check-in", {"position": position})
    assert {name: here[name] for name in position} == position
    assert "superior-not-told" in {one["code"] for one in here["warnings"]}
    told = await go(client, f"{url}/tell-superior")
    assert await go(client, f"{url}/tell-superior") == told
    assert "superior-not-told" not in {one["code"] for one in told["warnings"]}
    await go(client, f"{url}/finish", {})
    reported = await go(client, f"{url}/report", REPORT)
    assert (reported["status"], reported["next_step"]) == ("reported", "送样机试用")
    answer = await client.post(f"{url}/close")
    assert problem(answer) == (409, "checklist-incomplete")
    assert answer.json()["items"] == ["after_1", "after_2"]
    await go(client, f"{url}/tick", {"items": ["after_1", "after_2"]})
    assert (await go(client, f"{url}/close"))["status"] == "closed"
    late = await client.post(f"{url}/tell-superior")
    assert problem(late) == (409, "visit-not-in-state")
    types = [one.type for one in await emitted(database, tenant)]
    for fact in ("planned", "approved", "checked-in", "reported", "closed"):
        assert types.count(f"sales.visit-{fact}.v1") == 1
    actions = [one.action for one in await audited(database, tenant) if one.entity == "visit"]
    assert actions == [
        "visit.created", "visit.submitted", "visit.approved", "visit.checked-in",
        "visit.superior-told", "visit.finished", "visit.reported", "visit.ticked", "visit.closed",
    ]  # fmt: skip


class TestPlan:
    async def test_of_an_opportunity_is_for_its_customer(
        self, make_in_progress: Make, make_visit: Make
    ) -> None:
        opportunity = await make_in_progress()
        made = await make_visit(opportunity_id=opportunity["id"], customer_id=None)
        assert made["customer_id"] == opportunity["customer_id"]

    async def test_for_nobody(
        self, client: httpx.AsyncClient, visit_body: dict[str, Any], problem: ProblemOf
    ) -> None:
        answer = await client.post("/v1/visits", json=visit_body)
        assert problem(answer) == (422, "visit-needs-customer")

    async def test_of_a_type_that_does_not_exist(
        self,
        client: httpx.AsyncClient,
        visit_body: dict[str, Any],
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        body = visit_body | {"customer_id": await make_customer(), "type": "picnic"}
        assert problem(await client.post("/v1/visits", json=body)) == (422, "unknown-visit-type")
        body |= {"type": "new_customer", "ends_at": body["starts_at"]}
        assert problem(await client.post("/v1/visits", json=body)) == (422, "times-reversed")

    async def test_for_nobody_yet_is_approved_by_somebody_else(
        self, client_for: ClientFor, tenant: str, make_visit: Make, client: httpx.AsyncClient,
        boss: httpx.AsyncClient, problem: ProblemOf,
    ) -> None:  # fmt: skip
        made = await make_visit(type="existing_customer")
        assert (made["owner_id"], made["planned_by"], made["submitted_by"]) == (
            None, "tester", None,
        )  # fmt: skip
        url = f"/v1/visits/{made['id']}"
        assistant = client_for(tenant, subject="fang.wei")
        assert (await go(assistant, f"{url}/submit"))["submitted_by"] == "fang.wei"
        for one in (client, assistant):
            assert problem(await one.post(f"{url}/approve")) == (403, "own-plan")
            note = {"note": "不"}
            assert problem(await one.post(f"{url}/reject", json=note)) == (403, "own-plan")
        assert (await go(boss, f"{url}/approve"))["status"] == "approved"

    async def test_changed_after_consent_needs_it_again(
        self, client: httpx.AsyncClient, make_visit: Make, boss: httpx.AsyncClient,
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        made = await make_visit(type="existing_customer")
        url = f"/v1/visits/{made['id']}"
        await go(client, f"{url}/submit")
        approved = await go(boss, f"{url}/approve")
        headers = {"If-Match": f'"{approved["version"]}"'}
        same = await client.patch(url, json={"purpose": made["purpose"]}, headers=headers)
        assert same.json()["status"] == "approved"
        later = (TEN + timedelta(days=1)).isoformat()
        end = (TEN + timedelta(days=1, hours=1)).isoformat()
        body = {"starts_at": later, "ends_at": end}
        changed = await client.patch(url, json=body, headers=headers)
        assert changed.json()["status"] == "planned", changed.text
        rejected = f"{url}/reject"
        assert problem(await client.post(rejected, json={"note": "不"})) == (
            409, "visit-not-in-state",
        )  # fmt: skip

    async def test_that_is_called_off(
        self, client: httpx.AsyncClient, make_visit: Make, problem: ProblemOf
    ) -> None:
        url = f"/v1/visits/{(await make_visit())['id']}"
        assert (await go(client, f"{url}/cancel", {"reason": "客户出差"}))["status"] == "cancelled"
        answer = await client.post(f"{url}/check-in", json={})
        assert problem(answer) == (409, "visit-not-in-state")
        chinese = await client.post(f"{url}/submit", headers={"Accept-Language": "zh"})
        assert "已取消" in chinese.json()["detail"]


class TestClashes:
    async def test_are_told_and_refused_only_if_asked(
        self, client: httpx.AsyncClient, make_visit: Make, visit_body: dict[str, Any],
        make_customer: MakeCustomer, problem: ProblemOf,
    ) -> None:  # fmt: skip
        me = str(uuid4())
        first = await make_visit(owner_id=me)
        assert first["clashes"] == []
        second = await make_visit(owner_id=str(uuid4()), observer_ids=[me])
        assert [one["id"] for one in second["clashes"]] == [first["id"]]
        body = visit_body | {"customer_id": await make_customer(), "owner_id": me}
        refused = await client.post("/v1/visits", json=body | {"refuse_clashes": True})
        assert problem(refused) == (409, "calendar-clash")
        assert {one["id"] for one in refused.json()["clashes"]} == {first["id"], second["id"]}
        after = {
            "starts_at": body["ends_at"],
            "ends_at": (TEN + timedelta(hours=2)).isoformat(),
            "refuse_clashes": True,
        }
        assert (await client.post("/v1/visits", json=body | after)).status_code == 201

    async def test_of_two_who_refuse_them_at_once_one_wins(
        self, client: httpx.AsyncClient, visit_body: dict[str, Any], make_customer: MakeCustomer
    ) -> None:
        body = visit_body | {
            "customer_id": await make_customer(), "owner_id": str(uuid4()), "refuse_clashes": True,
        }  # fmt: skip
        answers = await asyncio.gather(*(client.post("/v1/visits", json=body) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


class TestCheckIn:
    async def test_in_the_future(
        self, client: httpx.AsyncClient, make_visit: Make, problem: ProblemOf
    ) -> None:
        url = f"/v1/visits/{(await make_visit())['id']}/check-in"
        later = (clock.now() + timedelta(hours=1)).astimezone(ZoneInfo("America/Lima"))
        refused = await client.post(url, json={"at": later.isoformat()})
        assert problem(refused) == (422, "time-in-future")
        here = later.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S+08:00")
        assert here in refused.json()["detail"]

    @pytest.mark.parametrize("wrong", [{"latitude": 91.0}, {"longitude": -181.0}], ids=str)
    async def test_nowhere_on_earth(
        self, client: httpx.AsyncClient, make_visit: Make, wrong: dict[str, float],
        problem: ProblemOf,
    ) -> None:  # fmt: skip
        url = f"/v1/visits/{(await make_visit())['id']}/check-in"
        body = {"position": {"latitude": 31.0, "longitude": 120.0} | wrong}
        assert problem(await client.post(url, json=body)) == (422, "invalid-request")


class TestReport:
    async def test_is_an_activity_of_the_stage(
        self, client: httpx.AsyncClient, make_done: Make, make_in_progress: Make
    ) -> None:
        opportunity = await make_in_progress()
        done = await make_done(opportunity_id=opportunity["id"], customer_id=None)
        cost = {"amount": "260.00", "currency": "CNY"}
        url = f"/v1/visits/{done['id']}/report"
        reported = await go(client, url, REPORT | {"cost": cost})
        activity = (await client.get(f"/v1/activities/{reported['activity_id']}")).json()
        assert activity | {
            "kind": "visit", "topic": done["purpose"], "content": REPORT["summary"],
            "stage_code": "understand", "opportunity_id": opportunity["id"], "minutes": 40,
            "cost": cost, "employee_id": done["owner_id"],
        } == activity  # fmt: skip

    async def test_of_an_opportunity_that_was_lost_meanwhile(
        self, client: httpx.AsyncClient, make_done: Make, make_in_progress: Make
    ) -> None:
        opportunity = await make_in_progress()
        done = await make_done(opportunity_id=opportunity["id"], customer_id=None)
        body = {"closed_on": str(TODAY), "reason": "价格过高", "competitor_unknown": True}
        await go(client, f"/v1/opportunities/{opportunity['id']}/lose", body)
        reported = await go(client, f"/v1/visits/{done['id']}/report", REPORT)
        activity = (await client.get(f"/v1/activities/{reported['activity_id']}")).json()
        assert (activity["opportunity_id"], activity["customer_id"]) == (
            None, opportunity["customer_id"],
        )  # fmt: skip

    async def test_with_a_next_step_on_a_day_that_is_over(
        self, client: httpx.AsyncClient, make_done: Make, problem: ProblemOf
    ) -> None:
        url = f"/v1/visits/{(await make_done())['id']}"
        past = {"step": "送样机试用", "on": str(TODAY - timedelta(days=1))}
        report = REPORT | {"next_step": past}
        expected = (422, "next-step-in-past")
        assert problem(await client.post(f"{url}/report", json=report)) == expected
        assert problem(await client.post(f"{url}/next-step", json=past)) == expected
        body = past | {"on": str(TODAY)}
        assert (await go(client, f"{url}/next-step", body))["next_step_on"] == str(TODAY)

    async def test_twice(
        self, client: httpx.AsyncClient, make_done: Make, problem: ProblemOf
    ) -> None:
        url = f"/v1/visits/{(await make_done())['id']}/report"
        await go(client, url, REPORT)
        assert problem(await client.post(url, json=REPORT)) == (409, "visit-not-in-state")
        assert len((await client.get("/v1/activities")).json()["items"]) == 1

    async def test_a_firm_refusal_ends_the_calling(
        self, client: httpx.AsyncClient, make_done: Make, make_visit: Make, database: Database,
        tenant: str,
    ) -> None:  # fmt: skip
        done = await make_done()
        refusal = {"degree": "firm", "reason": "does_not_want"}
        body = {"summary": "坚决不需要", "refusal": refusal}
        reported = await go(client, f"/v1/visits/{done['id']}/report", body)
        assert reported["follow_up_task_id"] is None
        (stopped,) = await emitted(database, tenant, "sales.customer-calling-stopped.v1")
        assert stopped.data["customer_id"] == done["customer_id"]
        assert "next-step-missing" not in {one["code"] for one in reported["warnings"]}
        again = await make_visit(customer_id=done["customer_id"])
        assert "customer-refused-firmly" in {one["code"] for one in again["warnings"]}

    async def test_another_refusal_gives_rise_to_a_follow_up(
        self, client: httpx.AsyncClient, make_done: Make, database: Database, tenant: str
    ) -> None:
        done = await make_done(owner_id=str(uuid4()))
        refusal = {"degree": "not_firm", "reason": "cannot_afford"}
        body = {"summary": "预算不足", "refusal": refusal}
        reported = await go(client, f"/v1/visits/{done['id']}/report", body)
        task = (await client.get(f"/v1/tasks/{reported['follow_up_task_id']}")).json()
        assert (task["assignee_id"], task["customer_id"], task["status"]) == (
            done["owner_id"], done["customer_id"], "in_progress",
        )  # fmt: skip
        assert task["due_on"] == str(TODAY + timedelta(days=7))
        assert await emitted(database, tenant, "sales.customer-calling-stopped.v1") == []


class TestAdvice:
    async def test_about_a_first_visit_and_a_full_day(self, make_visit: Make) -> None:
        me, end = str(uuid4()), (TEN + timedelta(minutes=70)).isoformat()
        for place in range(5):
            made = await make_visit(owner_id=me, city="苏州", ends_at=end)
            told = {one["code"] for one in made["warnings"]}
            assert "first-visit-too-long" in told
            assert ("too-many-visits-that-day" in told) == (place == 4)

    async def test_a_later_visit_may_take_longer(self, make_done: Make, make_visit: Make) -> None:
        done = await make_done(starts_at=(TEN - timedelta(days=20)).isoformat())
        end = (TEN + timedelta(minutes=70)).isoformat()
        made = await make_visit(customer_id=done["customer_id"], ends_at=end)
        assert "first-visit-too-long" not in {one["code"] for one in made["warnings"]}


class TestPolicy:
    async def test_is_that_of_the_texts_until_the_tenant_decides(
        self, client: httpx.AsyncClient, make_visit: Make, problem: ProblemOf
    ) -> None:
        read = await client.get("/v1/visit-policy")
        policy = read.json()
        assert (policy["version"], read.headers["etag"]) == (0, '"0"')
        assert [one["code"] for one in policy["types"]] == [
            "new_customer", "existing_customer", "key_account",
        ]  # fmt: skip
        assert policy["limits"]["first_visit_max_minutes"] == 60
        kind = policy["types"][0] | {"approval": "always", "report_hours": 2}
        body = {"types": [kind], "limits": {"first_visit_max_minutes": 90}}
        change = await client.patch("/v1/visit-policy", json=body, headers={"If-Match": '"0"'})
        assert change.json()["limits"]["first_visit_max_minutes"] == 90, change.text
        made = await make_visit(ends_at=(TEN + timedelta(minutes=80)).isoformat())
        assert made["approval_needed"] is True
        assert "first-visit-too-long" not in {one["code"] for one in made["warnings"]}
        for wrong, code in (
            ({"limits": {"first_visit_max_minutes": 10}}, "limits-contradict"),
            ({"limits": {"work_ends": "08:00"}}, "limits-contradict"),
            (
                {"types": [kind | {"checklist": [kind["checklist"][0]] * 2}]},
                "checklist-codes-repeat",
            ),
        ):
            headers = {"If-Match": '"1"'}
            answer = await client.patch("/v1/visit-policy", json=wrong, headers=headers)
            assert problem(answer) == (422, code)


async def test_of_two_first_decisions_at_once_one_wins(client: httpx.AsyncClient) -> None:
    bodies = [{"limits": {"visits_per_day_and_city": count}} for count in (2, 3)]
    headers = {"If-Match": '"0"'}
    answers = await asyncio.gather(
        *(client.patch("/v1/visit-policy", json=body, headers=headers) for body in bodies)
    )
    assert sorted(one.status_code for one in answers) in ([200, 409], [200, 412])


async def test_the_briefing_shows_recent_sales_and_contacts(
    client: httpx.AsyncClient, make_visit: Make, make_in_progress: Make, make_product: Make
) -> None:
    line = {"product_id": (await make_product())["id"], "quantity": "3"}
    won = await make_in_progress(lines=[line])
    customer_id = won["customer_id"]
    quote = await client.post("/v1/quotes", json={"opportunity_id": won["id"]})
    body = {"closed_on": str(TODAY), "reason": "方案好"}
    await go(client, f"/v1/opportunities/{won['id']}/win", body)
    call = {"kind": "call", "topic": "回访", "customer_id": customer_id}
    await client.post("/v1/activities", json=call)
    visit = await make_visit(customer_id=customer_id)
    brief = (await client.get(f"/v1/visits/{visit['id']}/briefing")).json()
    assert [(one["number"], one["products"]) for one in brief["sales"]] == [
        (won["number"], ["GTX Pro 工作站 × 3"])
    ]
    assert [one["number"] for one in brief["quotes"]] == [quote.json()["number"]]
    assert [one["topic"] for one in brief["activities"]] == ["回访"]


async def test_visits_that_nobody_checked_in_at_are_listed_as_missed(
    client: httpx.AsyncClient, make_visit: Make, make_done: Make
) -> None:
    past = {"starts_at": (NOW - timedelta(hours=3)).isoformat(),
            "ends_at": (NOW - timedelta(hours=2)).isoformat()}  # fmt: skip
    missed = await make_visit(**past)
    others = {(await make_done(**past))["id"], (await make_visit())["id"]}
    for asked, expected in (("true", {missed["id"]}), ("false", others)):
        items = (await client.get("/v1/visits", params={"missed": asked})).json()["items"]
        assert {one["id"] for one in items} == expected


async def test_list_filters(client: httpx.AsyncClient, make_visit: Make) -> None:
    me = str(uuid4())
    one = await make_visit(owner_id=me, business_trip=True)
    two = await make_visit(observer_ids=[me], type="key_account")
    day = str(TEN.date())
    before = str(TEN.date() - timedelta(days=1))
    for parameters, expected in (
        ({"owner_id": me}, {one["id"]}),
        ({"observer_id": me}, {two["id"]}),
        ({"type": "key_account"}, {two["id"]}),
        ({"business_trip": "true"}, {one["id"]}),
        ({"customer_id": two["customer_id"]}, {two["id"]}),
        ({"status": "planned", "starts_from": day, "starts_to": day}, {one["id"], two["id"]}),
        ({"starts_to": before}, set()),
        ({"starts_from": "0001-01-01", "starts_to": "9999-12-31"}, {one["id"], two["id"]}),
        ({"starts_from": "9999-12-31"}, set()),
        ({"number": one["number"]}, {one["id"]}),
    ):
        items = (await client.get("/v1/visits", params=parameters)).json()["items"]
        assert {item["id"] for item in items} == expected, parameters
