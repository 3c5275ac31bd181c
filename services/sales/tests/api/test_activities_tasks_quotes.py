from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
TOMORROW = str(TODAY + timedelta(days=1))
BODIES: dict[str, dict[str, Any]] = {
    "activities": {"kind": "call", "topic": "电话回访"},
    "tasks": {"topic": "编写方案"},
    "quotes": {},
}


class TestOnAnOpportunity:
    @pytest.mark.parametrize("path", BODIES)
    async def test_that_is_over(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_opportunity: Make,
        make_product: Make,
        problem: ProblemOf,
        path: str,
    ) -> None:
        lines = [{"product_id": (await make_product())["id"], "quantity": "1"}]
        lost, failed = await make_in_progress(lines=lines), await make_opportunity(lines=lines)
        body = {"closed_on": str(TODAY), "reason": "价格过高", "competitor_unknown": True}
        await client.post(f"/v1/opportunities/{lost['id']}/lose", json=body)
        url = f"/v1/opportunities/{failed['id']}"
        await client.post(f"{url}/submit", json={"evaluator_id": str(uuid4())})
        await client.post(f"{url}/evaluate", json={"result": "fail"})
        for opportunity_id, expected in (
            (lost["id"], (409, "opportunity-is-closed")),
            (failed["id"], (409, "evaluation-has-failed")),
            (str(uuid4()), (422, "unknown-opportunity")),
        ):
            response = await client.post(
                f"/v1/{path}", json=BODIES[path] | {"opportunity_id": opportunity_id}
            )
            assert problem(response) == expected

    @pytest.mark.parametrize("path", ["activities", "tasks"])
    async def test_carries_its_stage_and_its_customer(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
        path: str,
    ) -> None:
        opportunity = await make_in_progress()
        body = BODIES[path] | {"opportunity_id": opportunity["id"]}
        made = (await client.post(f"/v1/{path}", json=body)).json()
        assert made["stage_code"] == "understand"
        assert made["customer_id"] == opportunity["customer_id"]
        other = body | {"customer_id": await make_customer()}
        response = await client.post(f"/v1/{path}", json=other)
        assert problem(response) == (422, "another-customer")

    @pytest.mark.parametrize("path", ["activities", "tasks"])
    async def test_with_a_customer_only(
        self,
        client: httpx.AsyncClient,
        make_customer: MakeCustomer,
        problem: ProblemOf,
        path: str,
    ) -> None:
        customer_id = await make_customer()
        made = await client.post(f"/v1/{path}", json=BODIES[path] | {"customer_id": customer_id})
        assert (made.json()["customer_id"], made.json()["stage_code"]) == (customer_id, None)
        for customer_id, expected in (
            (str(uuid4()), (422, "unknown-customer")),
            (await make_customer("former"), (409, "customer-has-ended")),
        ):
            body = BODIES[path] | {"customer_id": customer_id}
            assert problem(await client.post(f"/v1/{path}", json=body)) == expected


class TestActivities:
    async def test_are_by_the_caller_unless_somebody_else_is_named(
        self, client_for: ClientFor, tenant: str
    ) -> None:
        me, you = str(uuid4()), str(uuid4())
        caller = client_for(tenant, employee_id=me)
        body = BODIES["activities"]
        assert (await caller.post("/v1/activities", json=body)).json()["employee_id"] == me
        other = await caller.post("/v1/activities", json=body | {"employee_id": you})
        assert other.json()["employee_id"] == you

    async def test_do_not_lie_in_the_future(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.post("/v1/activities", json=BODIES["activities"] | {"on": TOMORROW})
        assert problem(response) == (422, "date-in-future")

    async def test_what_it_took_is_kept_and_told(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        cost = {"amount": "260.50", "currency": "CNY"}
        took = {"place": "苏州工业园区", "minutes": 90, "cost": cost}
        made = await client.post("/v1/activities", json=BODIES["activities"] | took)
        assert {name: made.json()[name] for name in took} == took
        (event,) = await emitted(database, tenant, "sales.activity-recorded.v1")
        assert {name: event.data[name] for name in took} == took

    @pytest.mark.parametrize(
        "wrong",
        [
            {"minutes": 0},
            {"minutes": 10_081},
            {"place": " "},
            {"cost": {"amount": "-1", "currency": "CNY"}},
        ],
        ids=str,
    )
    async def test_nothing_takes_less_than_nothing(
        self, client: httpx.AsyncClient, problem: ProblemOf, wrong: dict[str, Any]
    ) -> None:
        refused = await client.post("/v1/activities", json=BODIES["activities"] | wrong)
        assert problem(refused) == (422, "invalid-request")

    async def test_list_filters(self, client: httpx.AsyncClient, make_activity: Make) -> None:
        one = await make_activity(on="2026-03-02", kind="call", employee_id=str(uuid4()))
        two = await make_activity(on="2026-03-05")
        for parameters, expected in (
            ({"kind": "call"}, [one]),
            ({"employee_id": one["employee_id"]}, [one]),
            ({"occurred_from": "2026-03-03"}, [two]),
            ({"occurred_to": "2026-03-02"}, [one]),
            ({"sort": "occurred_on"}, [one, two]),
            ({}, [two, one]),
        ):
            page = (await client.get("/v1/activities", params=parameters)).json()
            assert page["items"] == expected, parameters

    async def test_a_period_that_ends_before_it_starts_is_refused(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        period = {"occurred_from": "2026-03-03", "occurred_to": "2026-03-02"}
        refused = await client.get("/v1/activities", params=period)
        assert problem(refused) == (422, "period-reversed")


class TestTasks:
    async def test_are_given_out_and_completed(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        made = (await client.post("/v1/tasks", json=BODIES["tasks"])).json()
        assert made["status"] == "open"
        url, someone = f"/v1/tasks/{made['id']}", str(uuid4())
        given = await client.post(f"{url}/assign", json={"assignee_id": someone})
        assert (given.json()["status"], given.json()["assignee_id"]) == ("in_progress", someone)
        same = await client.post(f"{url}/assign", json={"assignee_id": someone})
        assert same.headers["etag"] == given.headers["etag"]
        days = {"started_on": "2026-03-02", "finished_on": "2026-03-05"}
        done = (await client.post(f"{url}/complete", json=days)).json()
        assert (done["status"], done["started_on"]) == ("completed", "2026-03-02")
        events = await emitted(database, tenant)
        assert [(event.type, event.sequence) for event in events] == [
            ("sales.task-created.v1", 1),
            ("sales.task-assigned.v1", 2),
            ("sales.task-completed.v1", 3),
        ]

    async def test_refusals(
        self, client: httpx.AsyncClient, make_task: Make, problem: ProblemOf
    ) -> None:
        days = {"started_on": str(TODAY), "finished_on": str(TODAY)}
        free = (await client.post("/v1/tasks", json=BODIES["tasks"])).json()
        response = await client.post(f"/v1/tasks/{free['id']}/complete", json=days)
        assert problem(response) == (409, "task-not-assigned")
        url = f"/v1/tasks/{(await make_task())['id']}"
        for body, expected in (
            ({"started_on": str(TODAY)}, (422, "invalid-request")),
            ({"finished_on": str(TODAY)}, (422, "invalid-request")),
            (days | {"finished_on": TOMORROW}, (422, "date-in-future")),
            (days | {"finished_on": "2026-03-02"}, (422, "date-before-previous")),
        ):
            assert problem(await client.post(f"{url}/complete", json=body)) == expected
        assert (await client.post(f"{url}/complete", json=days)).status_code == 200
        again = await client.post(f"{url}/complete", json=days)
        assert problem(again) == (409, "task-is-completed")
        again = await client.post(f"{url}/assign", json={"assignee_id": str(uuid4())})
        assert problem(again) == (409, "task-is-completed")

    async def test_list_filters(self, client: httpx.AsyncClient, make_task: Make) -> None:
        one = await make_task(due_on="2026-03-02")
        two = (await client.post("/v1/tasks", json=BODIES["tasks"])).json()
        for parameters, expected in (
            ({"status": "open"}, [two]),
            ({"status": ["open", "in_progress"]}, [two, one]),
            ({"assignee_id": one["assignee_id"]}, [one]),
            ({"due_to": "2026-03-02"}, [one]),
            ({"sort": "due_on"}, [one, two]),
        ):
            page = (await client.get("/v1/tasks", params=parameters)).json()
            told = [item | {"clashes": []} for item in page["items"]]  # a single one tells them
            assert told == expected, parameters


class TestQuotes:
    async def test_take_the_lines_over_as_they_are(
        self,
        client: httpx.AsyncClient,
        make_in_progress: Make,
        make_product: Make,
        make_quote: Make,
        database: Database,
        tenant: str,
    ) -> None:
        lines = [{"product_id": (await make_product())["id"], "quantity": "1.005"}]
        opportunity = await make_in_progress(lines=lines)
        quote = await make_quote(
            opportunity_id=opportunity["id"], on="2026-03-02", expires_on="2026-04-02"
        )
        taken = [
            line | asked for line, asked in zip(quote["lines"], opportunity["lines"], strict=True)
        ]
        assert taken == quote["lines"]
        assert quote["total"] == opportunity["expected_revenue"]
        assert (quote["number"], quote["stage_code"]) == ("QUO-2026-000001", "understand")
        url = f"/v1/opportunities/{opportunity['id']}"
        etag = (await client.get(url)).headers["etag"]
        await client.patch(url, json={"lines": []}, headers={"If-Match": etag})
        assert (await client.get(f"/v1/quotes/{quote['id']}")).json() == quote
        event = (await emitted(database, tenant, "sales.quote-created.v1"))[0]
        (told,) = event.data["lines"]
        assert told.items() <= quote["lines"][0].items()
        assert event.data["total"] == quote["total"]
        assert (event.data["revision"], event.data["state"]) == (1, "draft")
        assert event.data["discount_percent"] == "0.00"

    async def test_refusals(
        self,
        client: httpx.AsyncClient,
        make_opportunity: Make,
        make_customer: MakeCustomer,
        make_product: Make,
        end_customer: Callable[[str], Awaitable[None]],
        problem: ProblemOf,
    ) -> None:
        bare = await make_opportunity()
        response = await client.post("/v1/quotes", json={"opportunity_id": bare["id"]})
        assert problem(response) == (409, "no-product-lines")
        lines = [{"product_id": (await make_product())["id"], "quantity": "1"}]
        customer_id = await make_customer()
        made = await make_opportunity(lines=lines, customer_id=customer_id)
        link = {"opportunity_id": made["id"]}
        for body, expected in (
            ({"on": TOMORROW}, (422, "date-in-future")),
            ({"expires_on": "2026-03-02"}, (422, "date-before-previous")),
        ):
            assert problem(await client.post("/v1/quotes", json=link | body)) == expected
        await end_customer(customer_id)
        response = await client.post("/v1/quotes", json=link)
        assert problem(response) == (409, "customer-has-ended")

    async def test_list_filters(self, client: httpx.AsyncClient, make_quote: Make) -> None:
        one, two = await make_quote(), await make_quote()
        for parameters, expected in (
            ({"opportunity_id": one["opportunity_id"]}, [one]),
            ({"number": two["number"]}, [two]),
            ({"sort": "number"}, [one, two]),
        ):
            page = (await client.get("/v1/quotes", params=parameters)).json()
            assert page["items"] == expected, parameters


class TestDoneForATask:
    """Process entries of a task become activities of its stage (1.3, item 5)."""

    async def test_is_an_activity_of_the_stage_of_the_task(
        self, client: httpx.AsyncClient, make_in_progress: Make, make_task: Make,
        make_activity: Make, database: Database, tenant: str,
    ) -> None:  # fmt: skip
        opportunity = await make_in_progress()
        task = await make_task(opportunity_id=opportunity["id"])
        url = f"/v1/opportunities/{opportunity['id']}/promote"
        promoted = await client.post(url, json={})
        assert promoted.json()["stage_code"] != task["stage_code"], promoted.text
        done = await make_activity(task_id=task["id"])
        assert {name: done[name] for name in ("opportunity_id", "customer_id", "stage_code")} == {
            "opportunity_id": opportunity["id"], "customer_id": opportunity["customer_id"],
            "stage_code": task["stage_code"],
        }  # fmt: skip
        await make_activity(opportunity_id=opportunity["id"])
        listed = await client.get("/v1/activities", params={"task_id": task["id"]})
        assert [one["id"] for one in listed.json()["items"]] == [done["id"]]
        events = await emitted(database, tenant, "sales.activity-recorded.v1")
        assert [one.data["task_id"] for one in events] == [task["id"], None]

    async def test_is_of_the_customer_of_the_task(
        self, make_task: Make, make_activity: Make, make_customer: MakeCustomer
    ) -> None:
        task = await make_task(customer_id=await make_customer())
        done = await make_activity(task_id=task["id"])
        assert (done["customer_id"], done["stage_code"]) == (task["customer_id"], None)

    async def test_that_is_unknown_or_of_another(
        self, client: httpx.AsyncClient, make_in_progress: Make, make_task: Make,
        make_customer: MakeCustomer, problem: ProblemOf,
    ) -> None:  # fmt: skip
        one, other = await make_in_progress(), await make_in_progress()
        task = await make_task(opportunity_id=one["id"])
        alone = await make_task(customer_id=one["customer_id"])
        for named, code in (
            ({"task_id": str(uuid4())}, "unknown-task"),
            ({"task_id": task["id"], "opportunity_id": other["id"]}, "task-of-another"),
            ({"task_id": alone["id"], "customer_id": await make_customer()}, "task-of-another"),
            ({"task_id": alone["id"], "opportunity_id": other["id"]}, "task-of-another"),
        ):
            answer = await client.post("/v1/activities", json=BODIES["activities"] | named)
            assert problem(answer) == (422, code)
