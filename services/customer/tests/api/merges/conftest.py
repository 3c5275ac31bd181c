"""What the tests of merges share: merging, undoing, and a look at everything there is."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Answer = dict[str, Any]
BOOKKEEPING = {"version", "updated_at"}
LISTS = (
    "contacts", "contact-points", "affiliations", "trade-parties", "classifications", "households",
    "facts",
)  # fmt: skip


@pytest.fixture
def merge(client: httpx.AsyncClient) -> Callable[..., Awaitable[Answer]]:
    """Merges customers; answers with what came of it."""

    async def merge(survivor: Answer, *losers: Answer, **more: Any) -> Answer:
        body = {"survivor_id": survivor["id"], "merged_ids": [one["id"] for one in losers]}
        response = await client.post("/v1/merges", json=body | more)
        assert response.status_code == (200 if more.get("dry_run") else 201), response.text
        result: Answer = response.json()
        return result

    return merge


@pytest.fixture
def undo(client: httpx.AsyncClient) -> Callable[..., Awaitable[Answer]]:
    """Undoes a merge; answers with what came of it."""

    async def undo(merge: Answer) -> Answer:
        response = await client.post(f"/v1/merges/{merge['id']}/undo", json={"reason": "两家"})
        assert response.status_code == 200, response.text
        result: Answer = response.json()
        return result

    return undo


async def _everything(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return all that there is, without what counts changes."""
    seen: dict[str, Any] = {}
    customers = (await client.get("/v1/customers", params={"limit": 200})).json()["items"]
    for path in LISTS:
        for one in (await client.get(f"/v1/{path}", params={"limit": 200})).json()["items"]:
            seen[one["id"]] = {n: v for n, v in one.items() if n not in BOOKKEEPING}
    for one in customers:
        seen[one["id"]] = {n: v for n, v in one.items() if n not in BOOKKEEPING}
        size = {"custom": f"size:{one['custom'].get('size', 0)}"}
        found = (await client.get("/v1/customers", params=size)).json()
        archive = (await client.get(f"/v1/customers/{one['id']}/archive")).json()
        seen[f"archive {one['id']}"] = archive["completeness"]
        seen[f"found {one['id']}"] = sorted(row["id"] for row in found.get("items", []))
    return seen


@pytest.fixture(scope="session")
def everything() -> Callable[[httpx.AsyncClient], Awaitable[Answer]]:
    """Reads all that there is, without what counts changes."""
    return _everything
