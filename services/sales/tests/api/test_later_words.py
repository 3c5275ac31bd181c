"""A later version runs beside this one: what it wrote is shown as it stands, and left to it."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited

Make = Callable[..., Awaitable[dict[str, Any]]]
APPROVALS = "/v1/approvals"


@pytest.fixture
async def approval(
    client: httpx.AsyncClient, make_contract: Make, database: Database, context: Context
) -> dict[str, Any]:
    """What waits for a decision on a document of a kind that this version does not know."""
    level = {"name": "总经理", "role": "administrator"}
    chain = {"kind": "contract", "levels": [level], "own_allowed": True}
    assert (await client.post("/v1/approval-chains", json=chain)).status_code == 201
    contract = await make_contract()
    assert (await client.post(f"/v1/contracts/{contract['id']}/submit")).status_code == 200
    async with database.transaction(context) as session:
        await session.fetch("UPDATE approvals SET kind = 'later-kind'")
    (found,) = (await client.get(APPROVALS)).json()["items"]
    return dict(found)


async def test_an_approval_of_a_later_kind_is_listed_and_read(
    client: httpx.AsyncClient, approval: dict[str, Any]
) -> None:
    assert (approval["kind"], approval["state"]) == ("later-kind", "waiting")
    asked = await client.get(APPROVALS, params={"waiting_for": "me"})
    assert [one["kind"] for one in asked.json()["items"]] == ["later-kind"]
    read = await client.get(f"{APPROVALS}/{approval['id']}")
    assert (read.status_code, read.json()) == (200, approval)


@pytest.mark.parametrize("step", ["approve", "reject", "withdraw"])
async def test_it_is_left_to_the_later_version_to_decide(
    client: httpx.AsyncClient,
    database: Database,
    approval: dict[str, Any],
    step: str,
    tenant: str,
) -> None:
    before = len(await audited(database, tenant))
    refused = await client.post(f"{APPROVALS}/{approval['id']}/{step}", json={"reason": "同意"})
    assert (refused.status_code, refused.json()["code"]) == (503, "made-by-later-version")
    assert refused.headers["Retry-After"] == "1"
    assert (await client.get(f"{APPROVALS}/{approval['id']}")).json() == approval
    assert len(await audited(database, tenant)) == before


async def test_a_method_with_a_rule_of_a_later_kind_is_not_guessed_at(
    client: httpx.AsyncClient, make_method: Make, database: Database, context: Context
) -> None:
    made = await make_method()
    async with database.transaction(context) as session:
        await session.fetch(
            "UPDATE methods SET stages = jsonb_set(stages, '{0,conditions,control}', '\"later\"')"
        )
    refused = await client.get(f"/v1/methods/{made['id']}")
    assert (refused.status_code, refused.json()["code"]) == (503, "made-by-later-version")
