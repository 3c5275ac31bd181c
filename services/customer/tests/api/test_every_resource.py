"""What holds for customers, contacts, departments, employees and territories alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@dataclass(frozen=True)
class Resource:
    """One of the resources, with the role that may read but not write it."""

    entity: str
    path: str
    make: Make


@pytest.fixture(params=["customer", "contact", "department", "employee", "territory"])
def resource(
    request: pytest.FixtureRequest,
    make_customer: Make,
    make_contact: Make,
    make_department: Make,
    make_employee: Make,
    make_territory: Make,
) -> Resource:
    """Each of the five resources."""
    return {
        "customer": Resource("customer", "/v1/customers", make_customer),
        "contact": Resource("contact", "/v1/contacts", make_contact),
        "department": Resource("department", "/v1/departments", make_department),
        "employee": Resource("employee", "/v1/employees", make_employee),
        "territory": Resource("territory", "/v1/territories", make_territory),
    }[request.param]


@pytest.fixture
async def made(resource: Resource) -> dict[str, Any]:
    """One object of the resource, at version 1."""
    return await resource.make()


@pytest.fixture
def url(resource: Resource, made: dict[str, Any]) -> str:
    """Its address."""
    return f"{resource.path}/{made['id']}"


class TestCreate:
    async def test_answers_with_the_object_its_place_and_its_version(
        self, resource: Resource, client: httpx.AsyncClient
    ) -> None:
        body = await resource.make(name="东方")
        for bookkeeping in ("id", "version", "created_at", "updated_at"):
            assert body[bookkeeping]
        assert (body["name"], body["version"]) == ("东方", 1)
        read = await client.get(f"{resource.path}/{body['id']}")
        assert (read.status_code, read.headers["etag"]) == (200, '"1"')
        assert read.json() == body

    async def test_is_audited(
        self, resource: Resource, made: dict[str, Any], database: Database, tenant: str
    ) -> None:
        entry = (await audited(database, tenant))[-1]
        assert (entry.entity, entry.action) == (resource.entity, f"{resource.entity}.created")
        assert (str(entry.entity_id), entry.version, entry.actor) == (made["id"], 1, "tester")
        assert entry.changes["name"] == {"before": None, "after": made["name"]}

    async def test_is_told_to_the_world(
        self, resource: Resource, made: dict[str, Any], database: Database, tenant: str
    ) -> None:
        event = (await emitted(database, tenant))[-1]
        assert event.type == f"customer.{resource.entity}-created.v1"
        assert (event.key, event.sequence) == (made["id"], 1)
        assert (event.data["name"], event.data["changed"]) == (made["name"], [])

    @pytest.mark.parametrize("name", ["", "   ", "x" * 201, None, 7])
    async def test_with_a_name_that_is_none(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf, name: object
    ) -> None:
        response = await client.post(resource.path, json={"name": name})
        assert problem(response) == (422, "invalid-request")
        assert "/name" in {error["pointer"] for error in response.json()["errors"]}

    async def test_with_a_field_that_cannot_be_typed(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.post(resource.path, json={"version": 7})
        assert problem(response) == (422, "invalid-request")
        assert ("/version", "extra_forbidden") in {
            (error["pointer"], error["code"]) for error in response.json()["errors"]
        }


class TestChange:
    async def test_counts_the_version_and_is_audited_and_told(
        self,
        resource: Resource,
        made: dict[str, Any],
        url: str,
        client: httpx.AsyncClient,
        database: Database,
        tenant: str,
    ) -> None:
        response = await client.patch(
            url,
            json={"name": "新名称"},
            headers={"If-Match": '"1"', "X-Request-Id": "change-of-name"},
        )
        assert (response.status_code, response.headers["etag"]) == (200, '"2"'), response.text
        assert response.json() == made | {
            "name": "新名称", "version": 2, "updated_at": response.json()["updated_at"]
        }  # fmt: skip
        assert response.json()["updated_at"] > made["updated_at"]
        entry = (await audited(database, tenant))[-1]
        assert entry.action == f"{resource.entity}.changed"
        assert (entry.version, entry.request_id) == (2, "change-of-name")
        assert entry.changes == {"name": {"before": made["name"], "after": "新名称"}}
        event = (await emitted(database, tenant))[-1]
        assert event.type == f"customer.{resource.entity}-changed.v1"
        assert (event.sequence, event.data["changed"]) == (2, ["name"])

    async def test_to_what_it_is_already(
        self,
        made: dict[str, Any],
        url: str,
        client: httpx.AsyncClient,
        database: Database,
        tenant: str,
    ) -> None:
        before = len(await emitted(database, tenant))
        response = await client.patch(url, json={"name": made["name"]}, headers={"If-Match": '"1"'})
        assert response.json() == made
        assert len(await emitted(database, tenant)) == before

    async def test_based_on_an_old_version(
        self, url: str, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        await client.patch(url, json={"name": "新名称"}, headers={"If-Match": '"1"'})
        response = await client.patch(url, json={"name": "另一个"}, headers={"If-Match": '"1"'})
        assert problem(response) == (412, "version-conflict")
        assert response.json()["changed_fields"] == ["name"]
        assert response.json()["current_version"] == 2
        assert (await client.get(url)).json()["name"] == "新名称"

    async def test_without_saying_the_version(
        self, url: str, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(url, json={"name": "新名称"})
        assert problem(response) == (428, "if-match-required")

    async def test_with_an_etag_that_is_none(
        self, url: str, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(url, json={"name": "新"}, headers={"If-Match": "abc"})
        assert problem(response) == (400, "invalid-header")

    @pytest.mark.parametrize("body", [{"name": None}, {"name": ""}, {"id": str(uuid4())}])
    async def test_what_cannot_be_changed(
        self, url: str, client: httpx.AsyncClient, problem: ProblemOf, body: dict[str, Any]
    ) -> None:
        response = await client.patch(url, json=body, headers={"If-Match": '"1"'})
        assert problem(response) == (422, "invalid-request")

    async def test_of_nothing(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(
            f"{resource.path}/{uuid4()}", json={"name": "新"}, headers={"If-Match": '"1"'}
        )
        assert problem(response) == (404, "not-found")


class TestTenants:
    async def test_another_tenant_sees_and_changes_nothing(
        self,
        resource: Resource,
        url: str,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(url)) == (404, "not-found")
        response = await stranger.patch(url, json={"name": "我的"}, headers={"If-Match": '"1"'})
        assert problem(response) == (404, "not-found")
        assert (await stranger.get(resource.path)).json()["items"] == []
        assert (await stranger.get("/v1/audit-log")).json()["items"] == []
        assert (await client.get(url)).json()["version"] == 1


class TestScopes:
    async def test_reading_does_not_allow_writing(
        self, resource: Resource, url: str, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        reader = client_for(tenant, roles=("service_agent",))
        assert (await reader.get(url)).status_code == 200
        assert problem(await reader.post(resource.path, json={})) == (403, "scope-missing")
        response = await reader.patch(url, json={"name": "新"}, headers={"If-Match": '"1"'})
        assert problem(response) == (403, "scope-missing")


class TestList:
    @pytest.mark.parametrize("sort", ["name", "-name"])
    async def test_pages_show_everything_once_in_order(
        self, resource: Resource, client: httpx.AsyncClient, sort: str
    ) -> None:
        # Equal names, so that the order needs its tie-breaker exactly where a page ends.
        made = [await resource.make(name=name) for name in ("a", "b", "b", "b", "c")]
        query: dict[str, Any] = {"limit": 2, "sort": sort, "count": "exact"}
        seen: list[tuple[str, str]] = []
        for _ in range(3):
            page = (await client.get(resource.path, params=query)).json()
            assert page["count"] == 5
            seen += [(item["name"], item["id"]) for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert query["cursor"] is None
        expected = sorted((item["name"], item["id"]) for item in made)
        assert seen == (expected if sort == "name" else expected[::-1])

    async def test_cursor_of_another_order(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        await resource.make()
        await resource.make()
        page = await client.get(resource.path, params={"limit": 1, "sort": "name"})
        cursor = page.json()["next_cursor"]
        response = await client.get(resource.path, params={"cursor": cursor, "sort": "-name"})
        assert problem(response) == (422, "invalid-cursor")

    async def test_by_a_part_of_the_name(
        self, resource: Resource, client: httpx.AsyncClient
    ) -> None:
        await resource.make(name="100% Ümlaut")
        await resource.make(name="1000 others")
        for q in ("100%", "ümlaut"):
            page = (await client.get(resource.path, params={"q": q})).json()
            assert [item["name"] for item in page["items"]] == ["100% Ümlaut"]

    async def test_takes_the_same_few_queries_however_long(
        self, resource: Resource, client: httpx.AsyncClient, database: Database
    ) -> None:
        for name in ("甲", "乙", "丙"):
            await resource.make(name=name)
        with count_queries(database) as queries:
            page = (await client.get(resource.path)).json()
        assert len(page["items"]) == 3
        assert len(queries) == 3, queries.statements  # begin, read the page, end

    async def test_estimated_count(self, resource: Resource, client: httpx.AsyncClient) -> None:
        await resource.make()
        page = (await client.get(resource.path, params={"count": "estimated"})).json()
        assert page["count"] >= 0
