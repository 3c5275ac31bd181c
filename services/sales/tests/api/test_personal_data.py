"""Everything sales holds about a person, for the person (C12)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
NAME, WISH = "欧阳云岫", "喜欢钓鱼"


@pytest.fixture
async def person(
    make_customer: Callable[..., Awaitable[str]],
    make_in_progress: Make,
    make_activity: Make,
    make_task: Make,
) -> str:
    """Somebody with an opportunity, a visit in it and a task; and somebody else."""
    customer_id = await make_customer(name=NAME)
    opened = await make_in_progress(customer_id=customer_id, topic="净水系统", need=WISH)
    await make_activity(opportunity_id=opened["id"], content=WISH)
    await make_task(customer_id=customer_id)
    await make_in_progress(topic="别人的商机")
    return customer_id


async def rows_of(client: httpx.AsyncClient, person: str, limit: int = 500) -> list[dict[str, Any]]:
    """Return every row about a person, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        body = {"subject_ids": [person, str(uuid4())], "limit": limit, "cursor": cursor}
        answer = await client.post("/v1/personal-data", json=body)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        rows, cursor = rows + page["items"], page["next_cursor"]
        if cursor is None:
            return rows


async def test_holds_what_hangs_on_the_person_and_nothing_of_others(
    client: httpx.AsyncClient, person: str
) -> None:
    rows = await rows_of(client, person)
    tables = [one["table"] for one in rows]
    assert list(dict.fromkeys(tables)) == [
        "customer_refs", "opportunities", "activities", "tasks", "opportunity_evaluations",
        "opportunity_stages", "audit_log",
    ]  # fmt: skip
    assert rows[0]["row"]["name"] == NAME
    assert {one["row"]["need"] for one in rows if one["table"] == "opportunities"} == {WISH}
    assert not any(one["row"].keys() & {"tenant_id", "salt", "digest"} for one in rows)
    assert "opportunity.created" in {one["row"].get("action") for one in rows}


async def test_pages_hold_the_same_as_one_answer(client: httpx.AsyncClient, person: str) -> None:
    def told(rows: list[dict[str, Any]]) -> list[tuple[str, Any]]:
        return [
            (one["table"], one["row"]["id"])
            for one in rows
            if one["row"].get("entity") != "personal-data"  # reading adds some
        ]

    whole = told(await rows_of(client, person))
    assert told(await rows_of(client, person, limit=2)) == whole
    assert len(set(whole)) == len(whole) > 8


async def test_tells_who_read_it(
    client: httpx.AsyncClient, person: str, database: Database, tenant: str
) -> None:
    await rows_of(client, person)
    (entry,) = [
        one
        for one in await audited(database, tenant)
        if one.entity == "personal-data" and str(one.entity_id) == person
    ]
    assert (entry.action, entry.changes) == ("personal-data.read", {})


async def test_is_for_those_with_the_right_of_the_same_tenant(
    client_for: ClientFor, person: str, tenant: str, problem: ProblemOf
) -> None:
    body = {"subject_ids": [person]}
    seller = client_for(tenant, roles=("sales_manager",))
    assert problem(await seller.post("/v1/personal-data", json=body))[0] == 403
    officer = client_for(tenant, roles=("privacy_officer",))
    assert (await officer.post("/v1/personal-data", json=body)).json()["items"]
    foreign = await client_for(f"{tenant}-other").post("/v1/personal-data", json=body)
    assert foreign.json()["items"] == []


@pytest.mark.parametrize(
    "cursor", ["x", "WzAsICJcdTAwMDAiXQ", "Wzk5LCAiIl0", "e30", "WzEuNSwgIiJd"]
)
async def test_refuses_a_cursor_that_is_none(
    client: httpx.AsyncClient, cursor: str, problem: ProblemOf
) -> None:
    body = {"subject_ids": [str(uuid4())], "cursor": cursor}
    answer = await client.post("/v1/personal-data", json=body)
    assert problem(answer) == (422, "invalid-cursor")
