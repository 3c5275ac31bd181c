"""What holds for products, methods, opportunities, activities, tasks, visits, quotes, samples."""

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
IF_FIRST = {"If-Match": '"1"'}


@dataclass(frozen=True)
class Resource:
    """One of the resources; `field` is a text that can be set and, perhaps, changed."""

    entity: str
    path: str
    make: Make
    created: str
    field: str | None = None


@pytest.fixture
def resources(
    make_product: Make,
    make_method: Make,
    make_opportunity: Make,
    make_activity: Make,
    make_task: Make,
    make_visit: Make,
    make_quote: Make,
    make_sample: Make,
) -> dict[str, Resource]:
    """All of them."""
    rows = (
        Resource("product", "/v1/products", make_product, "product-created", "name"),
        Resource("method", "/v1/methods", make_method, "method-created", "name"),
        Resource(
            "opportunity", "/v1/opportunities", make_opportunity, "opportunity-created", "topic"
        ),
        Resource("activity", "/v1/activities", make_activity, "activity-recorded"),
        Resource("task", "/v1/tasks", make_task, "task-created", "topic"),
        Resource("visit", "/v1/visits", make_visit, "visit-planned", "purpose"),
        Resource("quote", "/v1/quotes", make_quote, "quote-created"),
        Resource("sample", "/v1/samples", make_sample, "sample-requested"),
    )
    return {row.entity: row for row in rows}


@pytest.fixture(
    params=["product", "method", "opportunity", "activity", "task", "visit", "quote", "sample"]
)
def resource(request: pytest.FixtureRequest, resources: dict[str, Resource]) -> Resource:
    """Each of the eight."""
    return resources[request.param]


@pytest.fixture(params=["product", "method", "opportunity", "task", "visit"])
def changeable(request: pytest.FixtureRequest, resources: dict[str, Resource]) -> Resource:
    """Each of the five that can be patched."""
    return resources[request.param]


class TestCreate:
    async def test_answers_with_the_object_its_place_and_its_version(
        self, resource: Resource, client: httpx.AsyncClient
    ) -> None:
        made = await resource.make()
        read = await client.get(f"{resource.path}/{made['id']}")
        assert (read.status_code, read.headers["etag"]) == (200, '"1"')
        assert read.json() == made
        assert made["version"] == 1

    async def test_is_audited_and_told_to_the_world(
        self, resource: Resource, database: Database, tenant: str
    ) -> None:
        made = await resource.make()
        entry = (await audited(database, tenant))[-1]
        assert (entry.entity, entry.action) == (resource.entity, f"{resource.entity}.created")
        assert (str(entry.entity_id), entry.version, entry.actor) == (made["id"], 1, "tester")
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.key, event.sequence) == (
            f"sales.{resource.created}.v1", made["id"], 1
        )  # fmt: skip

    async def test_with_a_field_that_cannot_be_typed(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.post(resource.path, json={"version": 7})
        assert problem(response) == (422, "invalid-request")
        assert ("/version", "extra_forbidden") in {
            (error["pointer"], error["code"]) for error in response.json()["errors"]
        }

    async def test_twice_with_one_idempotency_key(
        self, client: httpx.AsyncClient, database: Database, tenant: str, problem: ProblemOf
    ) -> None:
        body = {"code": "A", "name": "产品", "list_price": {"amount": "1.00", "currency": "CNY"}}
        key = {"Idempotency-Key": "once"}
        first = await client.post("/v1/products", json=body, headers=key)
        again = await client.post("/v1/products", json=body, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert len(await emitted(database, tenant)) == 1
        other = await client.post("/v1/products", json=body | {"code": "B"}, headers=key)
        assert problem(other) == (422, "idempotency-key-reused")


class TestChange:
    async def test_counts_the_version_and_is_audited_and_told(
        self, changeable: Resource, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        made = await changeable.make()
        field = changeable.field or ""
        response = await client.patch(
            f"{changeable.path}/{made['id']}", json={field: "新的"}, headers=IF_FIRST
        )
        assert (response.status_code, response.headers["etag"]) == (200, '"2"'), response.text
        assert response.json()[field] == "新的"
        entry = (await audited(database, tenant))[-1]
        assert entry.changes == {field: {"before": made[field], "after": "新的"}}
        event = (await emitted(database, tenant))[-1]
        assert event.type == f"sales.{changeable.entity}-changed.v1"
        assert (event.sequence, event.data["changed"]) == (2, [field])

    async def test_to_what_it_is_already(
        self, changeable: Resource, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        made = await changeable.make()
        before = len(await emitted(database, tenant))
        response = await client.patch(
            f"{changeable.path}/{made['id']}",
            json={changeable.field: made[changeable.field or ""]},
            headers=IF_FIRST,
        )
        assert response.json() == made
        assert len(await emitted(database, tenant)) == before

    async def test_based_on_no_or_an_old_version(
        self, changeable: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        url = f"{changeable.path}/{(await changeable.make())['id']}"
        change = {changeable.field: "新的"}
        assert problem(await client.patch(url, json=change)) == (428, "if-match-required")
        await client.patch(url, json=change, headers=IF_FIRST)
        response = await client.patch(url, json=change, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")
        assert response.json()["changed_fields"] == [changeable.field]

    async def test_what_cannot_be_changed(
        self, changeable: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        url = f"{changeable.path}/{(await changeable.make())['id']}"
        for body in ({changeable.field: None}, {changeable.field: " "}, {"id": str(uuid4())}):
            response = await client.patch(url, json=body, headers=IF_FIRST)
            assert problem(response) == (422, "invalid-request")

    async def test_of_nothing(
        self, changeable: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.patch(
            f"{changeable.path}/{uuid4()}", json={changeable.field: "新"}, headers=IF_FIRST
        )
        assert problem(response) == (404, "not-found")


class TestAccess:
    async def test_another_tenant_sees_nothing(
        self, resource: Resource, client_for: ClientFor, problem: ProblemOf
    ) -> None:
        made = await resource.make()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        url = f"{resource.path}/{made['id']}"
        assert problem(await stranger.get(url)) == (404, "not-found")
        assert (await stranger.get(resource.path)).json()["items"] == []

    async def test_needs_the_scope(
        self, resource: Resource, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        nobody = client_for(tenant, roles=())
        assert problem(await nobody.get(resource.path)) == (403, "scope-missing")
        assert problem(await nobody.post(resource.path, json={})) == (403, "scope-missing")


class TestList:
    async def test_pages_hold_everything_once_and_cost_one_query(
        self, resource: Resource, client: httpx.AsyncClient, database: Database
    ) -> None:
        made = {(await resource.make())["id"] for _ in range(5)}
        seen: list[str] = []
        cursor = None
        while True:
            parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            with count_queries(database) as queries:
                page = (await client.get(resource.path, params=parameters)).json()
            assert len(queries) == 3, "begin, the list, end"
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 5
        assert set(seen) == made
        counted = (await client.get(resource.path, params={"count": "exact"})).json()
        assert counted["count"] == 5

    async def test_an_unknown_parameter(
        self, resource: Resource, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        response = await client.get(resource.path, params={"color": "red"})
        assert problem(response) == (422, "invalid-request")
