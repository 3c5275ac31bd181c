"""What a tenant decides is told, whatever it is: others know what to read again."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Told = Callable[[], Awaitable[list[tuple[str, int, list[str]]]]]
DECIDED = {
    "visit-policy": ({"limits": {"work_ends": "17:30"}}, {"limits": {"work_ends": "18:30"}}),
    "quote-policy": ({"valid_days": 30}, {"valid_days": None}),
    "contract-policy": ({"remind_days_before_end": None}, {"remind_days_before_end": 60}),
    "receivable-policy": ({"ages": [15, 45]}, {"ages": [30]}),
    "credit-check-policy": ({"without_file": "refuse"}, {"without_file": "allow"}),
    "collision-policy": ({"answer_days": 3}, {"answer_days": 5}),
    "idle-policy": ({"idle_days": 60}, {"idle_days": 90}),
    "forecast-rules": ({"commit_from": 95}, {"commit_from": 96}),
}
"""Two decisions of each policy of one row, about the same setting."""


@pytest.fixture
def told(database: Database, tenant: str) -> Told:
    """What was told of policies: which, its version, and what was decided anew."""

    async def read() -> list[tuple[str, int, list[str]]]:
        found = await emitted(database, tenant, "sales.policy-changed.v1")
        return [(one.data["policy"], one.sequence, one.data["changed_settings"]) for one in found]

    return read


async def decide(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    """Change what is found at a path."""
    version = {"If-Match": (await client.get(path)).headers["etag"]}
    response = await client.patch(path, json=body, headers=version)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("name", DECIDED)
async def test_a_policy_is_told_when_it_is_decided_and_when_it_changes(
    client: httpx.AsyncClient, told: Told, name: str
) -> None:
    first, second = DECIDED[name]
    for body in ({}, first, first, second):  # nothing, decided, nothing new, changed
        await decide(client, f"/v1/{name}", body)
    assert await told() == [(name, 1, []), (name, 2, list(second))]


async def test_a_grading_scheme_is_told(client: httpx.AsyncClient, told: Told) -> None:
    path = "/v1/grading-scheme"
    for body in ({}, {}, {"largest_ratio": "0.05"}):
        await decide(client, path, body)
    assert await told() == [("grading-scheme", 1, []), ("grading-scheme", 2, ["largest_ratio"])]


@pytest.mark.parametrize(
    ("name", "body", "change"),
    [
        (
            "approval-chain",
            {"kind": "quote", "levels": [{"name": "经理", "role": "sales_manager"}]},
            {"active": False},
        ),
        (
            "assignment-rule",
            {"name": "按区域", "position": 1, "way": "territory"},
            {"active": False},
        ),
    ],
    ids=["approval-chain", "assignment-rule"],
)
async def test_one_of_several_is_told_by_its_id(
    client: httpx.AsyncClient,
    database: Database,
    tenant: str,
    told: Told,
    *,
    name: str,
    body: dict[str, Any],
    change: dict[str, Any],
) -> None:
    made = await client.post(f"/v1/{name}s", json=body)
    assert made.status_code == 201, made.text
    await decide(client, f"/v1/{name}s/{made.json()['id']}", change)
    assert await told() == [(name, 1, []), (name, 2, ["active"])]
    keys = {one.key for one in await emitted(database, tenant, "sales.policy-changed.v1")}
    assert {str(key) for key in keys} == {made.json()["id"]}


async def test_a_policy_goes_by_the_name_its_history_has(
    client: httpx.AsyncClient, database: Database, tenant: str, told: Told
) -> None:
    await decide(client, "/v1/quote-policy", {"valid_days": 30})
    [entry] = await audited(database, tenant)
    assert entry.entity == (await told())[0][0]
