"""Slips of the pen are refused: ranges the wrong way round, currencies and categories of nobody."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_sales.directory.models import EmployeeRef

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
TODAY = clock.today(clock.now(), "Asia/Shanghai")
EARLIER, LATER = str(TODAY), str(TODAY + timedelta(days=9))
MONEY = {"amount": "10.00", "currency": "XXQ"}
RULE = {"name": "r", "position": 1, "way": "round_robin"}


@pytest.fixture
async def employee(worker_database: Database, tenant: str) -> str:
    """Somebody on file."""
    employee_id = uuid4()
    async with worker_database.worker_transaction() as session:
        session.add(
            EmployeeRef(
                tenant_id=tenant,
                id=employee_id,
                sequence=1,
                code="E1",
                name="张三",
                active=True,
                department_id=uuid4(),
            )
        )
    return str(employee_id)


def _ranges(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return address and names of every pair of days that a GET takes."""
    found = []
    for path, operations in document["paths"].items():
        days = {
            one["name"]
            for one in operations.get("get", {}).get("parameters", ())
            if "date" in str(one["schema"]) and "{" not in path
        }
        for first in sorted(days):
            last = f"{first.removesuffix('from')}to"
            if first.endswith("from") and last in days:
                found.append((path, first, last))
    return found


async def test_no_list_takes_days_the_wrong_way_round(
    client: httpx.AsyncClient, problem: ProblemOf
) -> None:
    ranges = _ranges((await client.get("/openapi.json")).json())
    assert len(ranges) >= 7
    for path, first, last in ranges:
        answer = await client.get(path, params={first: LATER, last: EARLIER})
        assert problem(answer) == (422, "period-reversed"), path
        assert (await client.get(path, params={first: EARLIER, last: LATER})).status_code == 200


class TestAssignment:
    async def test_leaves_end_after_they_begin(
        self, client: httpx.AsyncClient, employee: str, problem: ProblemOf
    ) -> None:
        body = {"employee_id": employee, "leaves": [{"from_on": LATER, "to_on": EARLIER}]}
        assert problem(await client.post("/v1/assignees", json=body)) == (422, "period-reversed")
        made = await client.post("/v1/assignees", json={"employee_id": employee})
        assert made.status_code == 201, made.text
        answer = await client.patch(
            f"/v1/assignees/{made.json()['id']}",
            json={"leaves": body["leaves"]},
            headers={"If-Match": '"1"'},
        )
        assert problem(answer) == (422, "period-reversed")

    async def test_categories_are_those_of_products(
        self, client: httpx.AsyncClient, employee: str, make_product: Make, problem: ProblemOf
    ) -> None:
        await make_product(category="服务器")
        rule = RULE | {"employee_ids": [employee], "categories": ["服务器", "服务机"]}
        refused = await client.post("/v1/assignment-rules", json=rule)
        assert problem(refused) == (422, "unknown-categories")
        assert "服务机" in refused.json()["detail"]
        assert "服务器" not in refused.json()["detail"]
        rule["categories"] = ["服务器"]
        assert (await client.post("/v1/assignment-rules", json=rule)).status_code == 201
        skill = {"kind": "category", "value": "服务机", "level": 3}
        body = {"employee_id": employee, "skills": [skill]}
        assert problem(await client.post("/v1/assignees", json=body)) == (422, "unknown-categories")
        body["skills"] = [skill | {"value": "服务器"}, skill | {"kind": "language"}]
        assert (await client.post("/v1/assignees", json=body)).status_code == 201

    @pytest.mark.parametrize("below", ["5.00", "4.00"])
    async def test_amounts_of_a_rule_hold_something(
        self, client: httpx.AsyncClient, employee: str, problem: ProblemOf, below: str
    ) -> None:
        amounts = {"amount_from": "5.00", "amount_below": below, "currency": "CNY"}
        rule = RULE | {"employee_ids": [employee]} | amounts
        refused = await client.post("/v1/assignment-rules", json=rule)
        assert problem(refused) == (422, "amounts-reversed")


async def test_nothing_recurs_until_a_day_before_it_begins(
    client: httpx.AsyncClient, problem: ProblemOf
) -> None:
    recurrence = {"frequency": "weekly", "until": EARLIER}
    body = {"topic": "周会", "due_on": LATER, "recurrence": recurrence}
    assert problem(await client.post("/v1/tasks", json=body)) == (422, "period-reversed")


@pytest.mark.parametrize("frequency", ["daily", "monthly", "yearly"])
async def test_nothing_but_weeks_recurs_on_days_of_the_week(
    client: httpx.AsyncClient, visit_body: dict[str, Any], make_customer: MakeCustomer,
    problem: ProblemOf, frequency: str,
) -> None:  # fmt: skip
    recurrence = {"frequency": frequency, "weekdays": ["MO"]}
    task = {"topic": "周会", "due_on": LATER, "recurrence": recurrence}
    visit = visit_body | {"customer_id": await make_customer(), "recurrence": recurrence}
    for path, body in (("/v1/tasks", task), ("/v1/visits", visit)):
        assert problem(await client.post(path, json=body)) == (422, "weekdays-of-weeks")


class TestCurrencies:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/receipts", {"customer_id": str(UUID(int=7)), "amount": MONEY,
                              "method": "transfer"}),
            ("/v1/products", {"code": "P", "name": "P", "list_price": MONEY}),
            ("/v1/opportunities", {"topic": "x", "expected_revenue": MONEY}),
            ("/v1/price-lists", {"code": "L", "name": "L", "audience": "all", "currency": "XXQ"}),
            ("/v1/assignment-rules", RULE | {"currency": "XXQ"}),
            ("/v1/approval-chains", {"kind": "quote", "levels": [], "currency": "XXQ"}),
        ],
        ids=["receipts", "products", "opportunities", "price-lists", "rules", "chains"],
    )  # fmt: skip
    async def test_are_those_of_iso_4217(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any]
    ) -> None:
        answer = await client.post(path, json=body, headers={"Accept-Language": "zh"})
        assert answer.status_code == 422
        wrong = [one for one in answer.json()["errors"] if "currency" in str(one)]
        assert len(wrong) == 1, answer.text
        assert "ISO 4217" in str(wrong)
