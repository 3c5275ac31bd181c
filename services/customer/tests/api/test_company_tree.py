"""Companies above and below a company; no company is above itself, whatever happens at once."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries

URL = "/v1/customers"
Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def group(make_customer: Make) -> dict[str, str]:
    """A holding with two companies, one of which has a plant; and a stranger."""
    holding = (await make_customer(name="a holding"))["id"]
    first = (await make_customer(name="b first", parent_id=holding))["id"]
    second = (await make_customer(name="c second", parent_id=holding))["id"]
    plant = (await make_customer(name="d plant", parent_id=first))["id"]
    stranger = (await make_customer(name="e stranger"))["id"]
    return {
        "holding": holding, "first": first, "second": second, "plant": plant, "stranger": stranger
    }  # fmt: skip


async def listed(client: httpx.AsyncClient, group: dict[str, str], **filters: Any) -> list[str]:
    names = {company: name for name, company in group.items()}
    page = (await client.get(URL, params=filters)).json()
    return [names[item["id"]] for item in page["items"]]


async def reparent(client: httpx.AsyncClient, company: str, parent: str | None) -> httpx.Response:
    current = await client.get(f"{URL}/{company}")
    headers = {"If-Match": current.headers["etag"]}
    return await client.patch(f"{URL}/{company}", json={"parent_id": parent}, headers=headers)


async def test_all_below_a_company(client: httpx.AsyncClient, group: dict[str, str]) -> None:
    everybody = ["holding", "first", "second", "plant"]
    assert await listed(client, group, under=group["holding"]) == everybody
    assert await listed(client, group, under=group["first"]) == ["first", "plant"]
    assert await listed(client, group, parent_id=group["holding"]) == ["first", "second"]
    assert await listed(client, group, under=group["stranger"]) == ["stranger"]


async def test_all_above_a_company(client: httpx.AsyncClient, group: dict[str, str]) -> None:
    assert await listed(client, group, above=group["plant"]) == ["holding", "first", "plant"]
    assert await listed(client, group, above=group["holding"]) == ["holding"]
    both = await listed(client, group, above=group["plant"], under=group["first"])
    assert both == ["first", "plant"]


async def test_a_page_at_a_time_in_the_same_few_queries(
    client: httpx.AsyncClient, group: dict[str, str], database: Database
) -> None:
    query: dict[str, Any] = {"under": group["holding"], "limit": 3, "count": "exact"}
    with count_queries(database) as queries:
        page = (await client.get(URL, params=query)).json()
    assert len(queries) == 4, queries.statements  # begin, the page, the count, end
    assert page["count"] == 4
    rest = (await client.get(URL, params=query | {"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == [group["plant"]]


async def test_a_storm_of_new_parents_closes_no_circle(
    client: httpx.AsyncClient, make_customer: Make
) -> None:
    random = Random(20261122)  # noqa: S311 - the same storm each time
    companies = [(await make_customer())["id"] for _ in range(6)]
    answers: set[tuple[int, str]] = set()
    for _ in range(12):
        pairs = [random.sample(companies, 2) for _ in range(5)]
        for one in await asyncio.gather(*(reparent(client, *pair) for pair in pairs)):
            answers.add((one.status_code, one.json().get("code") or ""))
    assert answers <= {(200, ""), (409, "parent-cycle"), (412, "version-conflict")}
    assert (409, "parent-cycle") in answers
    parents = {one: (await client.get(f"{URL}/{one}")).json()["parent_id"] for one in companies}
    for company in companies:
        above, seen = parents[company], {company}
        while above is not None:
            assert above not in seen, parents
            seen.add(above)
            above = parents[above]


async def test_three_that_would_close_a_ring_at_once(
    client: httpx.AsyncClient, make_customer: Make
) -> None:
    for _ in range(4):
        ring = [(await make_customer())["id"] for _ in range(3)]
        responses = await asyncio.gather(
            *(
                client.patch(
                    f"{URL}/{company}", json={"parent_id": parent}, headers={"If-Match": '"1"'}
                )
                for company, parent in zip(ring, ring[1:] + ring[:1], strict=True)
            )
        )
        assert sorted(one.status_code for one in responses) == [200, 200, 409]
        (refusal,) = (one.json()["code"] for one in responses if one.status_code == 409)
        assert refusal == "parent-cycle"
