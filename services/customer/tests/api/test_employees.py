"""The employee API, beyond what every resource has in common."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}


def today() -> date:
    return clock.today(clock.now(), "Asia/Shanghai")


TOMORROW = (today() + timedelta(days=2)).isoformat()  # two: the tests may run over midnight


@pytest.fixture
async def employee(make_employee: Make) -> dict[str, Any]:
    """Somebody who works here."""
    return await make_employee(subject="wang.fang")


@pytest.fixture
async def url(employee: dict[str, Any]) -> str:
    """The employee's address."""
    return f"/v1/employees/{employee['id']}"


class TestCreate:
    async def test_with_everything(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        make_employee: Make,
        make_territory: Make,
        database: Database,
        tenant: str,
    ) -> None:
        given = {
            "code": "E-42",
            "name": "王芳",
            "department_id": (await make_department())["id"],
            "manager_id": (await make_employee())["id"],
            "territory_id": (await make_territory())["id"],
            "subject": "wang.fang",
        }
        response = await client.post("/v1/employees", json=given)
        body = response.json()
        assert response.headers["location"] == f"/v1/employees/{body['id']}"
        assert {name: body[name] for name in given} == given
        assert (body["active"], body["left_on"], body["leave_reason"]) == (True, None, None)
        event = (await emitted(database, tenant, "customer.employee-created.v1"))[-1]
        assert "subject" not in event.data
        assert event.data["territory_id"] == given["territory_id"]

    @pytest.mark.parametrize(
        ("field", "code"), [("code", "employee-code-taken"), ("subject", "login-taken")]
    )
    async def test_with_a_key_that_is_taken(
        self,
        client: httpx.AsyncClient,
        make_employee: Make,
        problem: ProblemOf,
        field: str,
        code: str,
    ) -> None:
        other = await make_employee(**{field: "K-1"})
        body = {"code": "E-42", "name": "王芳", "department_id": other["department_id"]}
        response = await client.post("/v1/employees", json=body | {field: "K-1"})
        assert problem(response) == (409, code)

    @pytest.mark.parametrize(
        ("field", "code"),
        [
            ("department_id", "unknown-department"),
            ("manager_id", "unknown-manager"),
            ("territory_id", "unknown-territory"),
        ],
    )
    async def test_in_a_place_that_does_not_exist(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        problem: ProblemOf,
        field: str,
        code: str,
    ) -> None:
        body = {"code": "E-42", "name": "王芳", "department_id": (await make_department())["id"]}
        response = await client.post("/v1/employees", json=body | {field: str(uuid4())})
        assert problem(response) == (422, code)


class TestChange:
    async def test_place_and_login(
        self,
        client: httpx.AsyncClient,
        employee: dict[str, Any],
        url: str,
        make_department: Make,
        make_employee: Make,
        make_territory: Make,
        database: Database,
        tenant: str,
    ) -> None:
        changes = {
            "department_id": (await make_department())["id"],
            "manager_id": (await make_employee())["id"],
            "territory_id": (await make_territory())["id"],
            "subject": None,
        }
        body = (await client.patch(url, json=changes, headers=IF_FIRST)).json()
        assert body == employee | changes | {"version": 2, "updated_at": body["updated_at"]}
        (event,) = await emitted(database, tenant, "customer.employee-changed.v1")
        assert event.data["changed"] == sorted(changes)

    @pytest.mark.parametrize(
        ("field", "code"),
        [
            ("department_id", "unknown-department"),
            ("manager_id", "unknown-manager"),
            ("territory_id", "unknown-territory"),
        ],
    )
    async def test_to_a_place_that_does_not_exist(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf, field: str, code: str
    ) -> None:
        response = await client.patch(url, json={field: str(uuid4())}, headers=IF_FIRST)
        assert problem(response) == (422, code)

    @pytest.mark.parametrize(
        ("field", "code"), [("code", "employee-code-taken"), ("subject", "login-taken")]
    )
    async def test_to_a_key_that_is_taken(
        self,
        client: httpx.AsyncClient,
        url: str,
        make_employee: Make,
        problem: ProblemOf,
        field: str,
        code: str,
    ) -> None:
        await make_employee(**{field: "K-1"})
        response = await client.patch(url, json={field: "K-1"}, headers=IF_FIRST)
        assert problem(response) == (409, code)

    async def test_to_a_manager_who_has_left(
        self, client: httpx.AsyncClient, url: str, make_employee: Make, problem: ProblemOf
    ) -> None:
        manager = await make_employee()
        await client.post(f"/v1/employees/{manager['id']}/leave", json={"reason": "退休"})
        response = await client.patch(url, json={"manager_id": manager["id"]}, headers=IF_FIRST)
        assert problem(response) == (422, "unknown-manager")

    async def test_to_a_manager_who_closes_a_circle(
        self,
        client: httpx.AsyncClient,
        employee: dict[str, Any],
        url: str,
        make_employee: Make,
        problem: ProblemOf,
    ) -> None:
        middle = await make_employee(manager_id=employee["id"])
        bottom = await make_employee(manager_id=middle["id"])
        for manager in (employee, bottom):
            response = await client.patch(url, json={"manager_id": manager["id"]}, headers=IF_FIRST)
            assert problem(response) == (409, "manager-cycle")

    async def test_who_has_left(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/leave", json={"reason": "退休"})
        response = await client.patch(url, json={"name": "新"}, headers={"If-Match": '"2"'})
        assert problem(response) == (409, "employee-has-left")


class TestLeave:
    async def test_without_customers(
        self, client: httpx.AsyncClient, url: str, database: Database, tenant: str
    ) -> None:
        response = await client.post(f"{url}/leave", json={"reason": "退休", "on": "2026-10-31"})
        body = response.json()
        assert response.headers["etag"] == '"2"'
        assert (body["active"], body["left_on"]) == (False, "2026-10-31")
        assert (body["leave_reason"], body["subject"]) == ("退休", None)
        (event,) = await emitted(database, tenant, "customer.employee-changed.v1")
        assert event.data["active"] is False
        assert "active" in event.data["changed"]
        assert (await audited(database, tenant))[-1].action == "employee.left"

    async def test_today_unless_said(self, client: httpx.AsyncClient, url: str) -> None:
        body = (await client.post(f"{url}/leave", json={"reason": "退休"})).json()
        assert body["left_on"] == today().isoformat()

    async def test_the_login_is_free_again(
        self, client: httpx.AsyncClient, url: str, make_employee: Make
    ) -> None:
        await client.post(f"{url}/leave", json={"reason": "退休"})
        assert (await make_employee(subject="wang.fang"))["subject"] == "wang.fang"

    async def test_while_looking_after_customers(
        self,
        client: httpx.AsyncClient,
        employee: dict[str, Any],
        url: str,
        make_customer: Make,
        problem: ProblemOf,
    ) -> None:
        mine = [await make_customer(owner_id=employee["id"]) for _ in range(3)]
        await client.post(f"/v1/customers/{mine[0]['id']}/end", json={"reason": "无"})
        response = await client.post(f"{url}/leave", json={"reason": "退休"})
        assert problem(response) == (409, "employee-owns-customers")
        assert response.json()["customer_count"] == 2  # the former one does not count
        for customer in mine[1:]:
            await client.post(f"/v1/customers/{customer['id']}/hand-over", json={"owner_id": None})
        assert (await client.post(f"{url}/leave", json={"reason": "退休"})).status_code == 200

    async def test_while_a_record_that_was_merged_names_the_employee(
        self,
        client: httpx.AsyncClient,
        employee: dict[str, Any],
        url: str,
        make_employee: Make,
        make_customer: Make,
    ) -> None:
        survivor = await make_customer(owner_id=(await make_employee())["id"])
        mine = await make_customer(owner_id=employee["id"])
        body = {"survivor_id": survivor["id"], "merged_ids": [mine["id"]]}
        assert (await client.post("/v1/merges", json=body)).status_code == 201
        answer = await client.post(f"{url}/leave", json={"reason": "退休"})
        assert answer.status_code == 200, answer.text

    async def test_a_second_time(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.post(f"{url}/leave", json={"reason": "退休"})
        response = await client.post(f"{url}/leave", json={"reason": "退休"})
        assert problem(response) == (409, "employee-has-left")

    async def test_in_the_future(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        response = await client.post(f"{url}/leave", json={"reason": "退休", "on": TOMORROW})
        assert problem(response) == (422, "date-in-future")

    async def test_without_a_reason(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        assert problem(await client.post(f"{url}/leave", json={})) == (422, "invalid-request")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, url: str, problem: ProblemOf
    ) -> None:
        await client.patch(url, json={"name": "新"}, headers=IF_FIRST)
        response = await client.post(f"{url}/leave", json={"reason": "退休"}, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")

    async def test_of_nobody(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        response = await client.post(f"/v1/employees/{uuid4()}/leave", json={"reason": "退休"})
        assert problem(response) == (404, "not-found")


class TestList:
    async def test_filters(
        self,
        client: httpx.AsyncClient,
        make_department: Make,
        make_employee: Make,
        make_territory: Make,
    ) -> None:
        top = await make_department()
        below = await make_department(parent_id=top["id"])
        manager = await make_employee(department_id=top["id"])
        territory = await make_territory()
        wanted = await make_employee(
            code="E-42",
            name="李伟",
            department_id=below["id"],
            manager_id=manager["id"],
            territory_id=territory["id"],
            subject="li.wei",
        )
        leaver = await make_employee(department_id=below["id"])
        await client.post(f"/v1/employees/{leaver['id']}/leave", json={"reason": "退休"})
        filters = {
            "code": "E-42", "q": "李", "manager_id": manager["id"], "subject": "li.wei",
            "territory_id": territory["id"],
        }  # fmt: skip
        for name, value in filters.items():
            page = (await client.get("/v1/employees", params={name: value})).json()
            assert [item["id"] for item in page["items"]] == [wanted["id"]], name
        for query, expected in (
            ({"under": top["id"]}, {manager["id"], wanted["id"], leaver["id"]}),
            ({"department_id": top["id"]}, {manager["id"]}),
            ({"under": top["id"], "active": "true"}, {manager["id"], wanted["id"]}),
            ({"active": "false"}, {leaver["id"]}),
        ):
            page = (await client.get("/v1/employees", params=query)).json()
            assert {item["id"] for item in page["items"]} == expected, query
