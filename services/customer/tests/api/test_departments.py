"""The department API, beyond what every resource has in common."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}


@pytest.fixture
async def tree(make_department: Make) -> dict[str, dict[str, Any]]:
    """Company > Sales > East > Shanghai, and Company > Service."""
    company = await make_department(code="COMPANY")
    sales = await make_department(code="SALES", parent_id=company["id"])
    east = await make_department(code="EAST", parent_id=sales["id"])
    shanghai = await make_department(code="SHANGHAI", parent_id=east["id"])
    service = await make_department(code="SERVICE", parent_id=company["id"])
    made = (company, sales, east, shanghai, service)
    return {department["code"]: department for department in made}


async def move(
    client: httpx.AsyncClient, moved: dict[str, Any], parent_id: str | None
) -> httpx.Response:
    url = f"/v1/departments/{moved['id']}"
    return await client.patch(url, json={"parent_id": parent_id}, headers=IF_FIRST)


class TestCreate:
    async def test_at_the_root(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/departments", json={"code": "HQ", "name": "总部"})
        body = response.json()
        assert response.headers["location"] == f"/v1/departments/{body['id']}"
        assert (body["parent_id"], body["path"]) == (None, [body["id"]])

    async def test_below_another(
        self, tree: dict[str, dict[str, Any]], database: Database, tenant: str
    ) -> None:
        path = [tree[code]["id"] for code in ("COMPANY", "SALES", "EAST", "SHANGHAI")]
        assert tree["SHANGHAI"]["path"] == path
        event = (await emitted(database, tenant, "customer.department-created.v1"))[3]
        assert event.data["path"] == path

    async def test_below_one_that_does_not_exist(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        body = {"code": "HQ", "name": "总部", "parent_id": str(uuid4())}
        response = await client.post("/v1/departments", json=body)
        assert problem(response) == (422, "unknown-department")

    async def test_with_a_code_that_is_taken(
        self, client: httpx.AsyncClient, make_department: Make, problem: ProblemOf
    ) -> None:
        await make_department(code="HQ")
        response = await client.post("/v1/departments", json={"code": "HQ", "name": "总部"})
        assert problem(response) == (409, "department-code-taken")


class TestMove:
    async def test_takes_everything_below_along(
        self,
        client: httpx.AsyncClient,
        tree: dict[str, dict[str, Any]],
        database: Database,
        tenant: str,
    ) -> None:
        response = await move(client, tree["SALES"], tree["SERVICE"]["id"])
        assert response.json()["parent_id"] == tree["SERVICE"]["id"]
        events = await emitted(database, tenant, "customer.department-changed.v1")
        assert [event.key for event in events] == [
            tree[code]["id"] for code in ("SALES", "EAST", "SHANGHAI")
        ]
        assert [event.data["changed"] for event in events] == [
            ["parent_id", "path"], ["path"], ["path"]
        ]  # fmt: skip
        above = ["COMPANY", "SERVICE"]
        for code, event in zip(("SALES", "EAST", "SHANGHAI"), events, strict=True):
            above.append(code)
            path = [tree[name]["id"] for name in above]
            read = await client.get(f"/v1/departments/{tree[code]['id']}")
            assert (read.json()["path"], read.headers["etag"]) == (path, '"2"')
            assert (event.data["path"], event.sequence) == (path, 2)
        moved = [e for e in await audited(database, tenant) if e.action == "department.moved"]
        assert [str(e.entity_id) for e in moved] == [tree["EAST"]["id"], tree["SHANGHAI"]["id"]]

    async def test_to_the_root(
        self, client: httpx.AsyncClient, tree: dict[str, dict[str, Any]]
    ) -> None:
        body = (await move(client, tree["EAST"], None)).json()
        assert (body["parent_id"], body["path"]) == (None, [body["id"]])
        shanghai = (await client.get(f"/v1/departments/{tree['SHANGHAI']['id']}")).json()
        assert shanghai["path"] == [body["id"], shanghai["id"]]

    async def test_to_where_it_is(
        self, client: httpx.AsyncClient, tree: dict[str, dict[str, Any]]
    ) -> None:
        response = await move(client, tree["EAST"], tree["SALES"]["id"])
        assert response.json() == tree["EAST"]

    @pytest.mark.parametrize("goal", ["SALES", "EAST", "SHANGHAI"])
    async def test_below_itself(
        self,
        client: httpx.AsyncClient,
        tree: dict[str, dict[str, Any]],
        problem: ProblemOf,
        goal: str,
    ) -> None:
        response = await move(client, tree["SALES"], tree[goal]["id"])
        assert problem(response) == (409, "department-cycle")

    async def test_below_one_that_does_not_exist(
        self, client: httpx.AsyncClient, tree: dict[str, dict[str, Any]], problem: ProblemOf
    ) -> None:
        response = await move(client, tree["SALES"], str(uuid4()))
        assert problem(response) == (422, "unknown-department")


class TestChange:
    async def test_code_that_is_taken(
        self, client: httpx.AsyncClient, tree: dict[str, dict[str, Any]], problem: ProblemOf
    ) -> None:
        url = f"/v1/departments/{tree['EAST']['id']}"
        response = await client.patch(url, json={"code": "SALES"}, headers=IF_FIRST)
        assert problem(response) == (409, "department-code-taken")

    async def test_a_new_name_does_not_touch_the_branch(
        self, client: httpx.AsyncClient, tree: dict[str, dict[str, Any]]
    ) -> None:
        url = f"/v1/departments/{tree['SALES']['id']}"
        await client.patch(url, json={"name": "大客户部"}, headers=IF_FIRST)
        east = await client.get(f"/v1/departments/{tree['EAST']['id']}")
        assert east.headers["etag"] == '"1"'


class TestList:
    @pytest.mark.parametrize(
        ("query", "codes"),
        [
            ({}, ["COMPANY", "EAST", "SALES", "SERVICE", "SHANGHAI"]),
            ({"under": "SALES"}, ["EAST", "SALES", "SHANGHAI"]),
            ({"under": "SHANGHAI"}, ["SHANGHAI"]),
            ({"parent_id": "COMPANY"}, ["SALES", "SERVICE"]),
            ({"code": "EAST"}, ["EAST"]),
            ({"under": "SALES", "sort": "-code"}, ["SHANGHAI", "SALES", "EAST"]),
        ],
    )
    async def test_filters(
        self,
        client: httpx.AsyncClient,
        tree: dict[str, dict[str, Any]],
        query: dict[str, str],
        codes: list[str],
    ) -> None:
        ids = {
            name: tree[value]["id"] if name in ("under", "parent_id") else value
            for name, value in query.items()
        }
        page = (await client.get("/v1/departments", params=ids | {"count": "exact"})).json()
        assert [item["code"] for item in page["items"]] == codes
        assert page["count"] == len(codes)
