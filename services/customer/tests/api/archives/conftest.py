"""What the tests of archives share: a person, and recording facts."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Make = Callable[..., Awaitable[dict[str, Any]]]
Record = Callable[..., Awaitable[httpx.Response]]
CHANGED, DUE = "customer.archive-changed.v1", "customer.fact-due.v1"
KNOWN = "2026-03-01"


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
