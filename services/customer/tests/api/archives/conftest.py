"""What the tests of archives share: a person, recording facts, and looking at them."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., Awaitable[dict[str, Any]]]
Record = Callable[..., Awaitable[httpx.Response]]
KNOWN = "2026-03-01"


class Kit:
    """Small helpers: looks at archives, and changes of what they are made of."""

    @staticmethod
    async def archive_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> dict[str, Any]:
        """Return what is known of a customer."""
        response = await client.get(f"/v1/customers/{customer['id']}/archive")
        body: dict[str, Any] = response.json()
        assert response.headers["etag"] == f'"{body["version"]}"'
        return body

    @staticmethod
    async def facts_of(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
        """Return the facts that match, the oldest first."""
        page = await client.get("/v1/facts", params={"sort": "created_at"} | filters)
        assert page.is_success, page.text
        items: list[dict[str, Any]] = page.json()["items"]
        return items

    @staticmethod
    async def change(
        client: httpx.AsyncClient, path: str, made: dict[str, Any], **given: Any
    ) -> None:
        """Change a record that was read as `made`."""
        headers = {"If-Match": f'"{made["version"]}"'}
        response = await client.patch(f"/v1/{path}/{made['id']}", json=given, headers=headers)
        assert response.is_success, response.text


@pytest.fixture(scope="session")
def kit() -> Kit:
    """The helpers."""
    return Kit()


@pytest.fixture
async def person(client: httpx.AsyncClient, make_customer: Make) -> dict[str, Any]:
    """A person, where the profiles of the texts are installed."""
    assert (await client.post("/v1/archive-defaults", json={})).is_success
    return await make_customer(kind="person", name="刘洋")


@pytest.fixture
def record(client: httpx.AsyncClient, person: dict[str, Any]) -> Record:
    """Records facts of a section of the person's archive: `record("basic", sex="male")`."""

    async def record(
        section: str = "basic",
        *,
        version: int = 0,
        of: dict[str, Any] | None = None,
        by: httpx.AsyncClient | None = None,
        profile: str = "person",
        more: dict[str, Any] | None = None,
        **values: Any,
    ) -> httpx.Response:
        facts = {
            code: None if value is None else {"value": value} for code, value in values.items()
        }
        body = {"source_code": "internal", "known_on": KNOWN, "facts": facts} | (more or {})
        url = f"/v1/customers/{(of or person)['id']}/archive/{profile}/{section}"
        return await (by or client).patch(url, json=body, headers={"If-Match": f'"{version}"'})

    return record
