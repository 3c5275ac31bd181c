"""What a tenant has decided for the whole customer service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
URL = "/v1/preferences"


async def decide(client: httpx.AsyncClient, region: str, version: int) -> httpx.Response:
    headers = {"If-Match": f'"{version}"'}
    return await client.patch(URL, json={"phone_region": region}, headers=headers)


async def test_defaults_hold_where_nothing_is_decided(client: httpx.AsyncClient) -> None:
    response = await client.get(URL)
    assert response.json() == {"version": 0, "phone_region": "CN"}
    assert response.headers["etag"] == '"0"'


async def test_the_phone_region_decides_how_new_numbers_are_read(
    client: httpx.AsyncClient,
    client_for: ClientFor,
    make_point: Make,
    database: Database,
    tenant: str,
) -> None:
    before = await make_point(kind="phone", value="030 901820 00")
    decided = await decide(client, "DE", 0)
    assert decided.json() == {"version": 1, "phone_region": "DE"}
    after = await make_point(kind="phone", value="030 901820 00")
    assert after["normalised"] == "+493090182000"
    assert before["normalised"] != after["normalised"]
    again = (await client.get(f"/v1/contact-points/{before['id']}")).json()
    assert again == before
    assert "preferences.created" in {entry.action for entry in await audited(database, tenant)}
    assert (await decide(client, "AT", 1)).json() == {"version": 2, "phone_region": "AT"}
    other = await client_for(f"t-{uuid4().hex[:12]}").get(URL)
    assert other.json() == {"version": 0, "phone_region": "CN"}


async def test_a_region_without_phones(client: httpx.AsyncClient, problem: ProblemOf) -> None:
    assert problem(await decide(client, "XX", 0)) == (422, "unknown-region")
    assert problem(await decide(client, "China", 0)) == (422, "invalid-request")


async def test_based_on_an_old_version(client: httpx.AsyncClient, problem: ProblemOf) -> None:
    assert problem(await decide(client, "DE", 3)) == (412, "version-conflict")
    await decide(client, "DE", 0)
    assert problem(await decide(client, "AT", 0)) == (412, "version-conflict")
    assert problem(await client.patch(URL, json={})) == (428, "if-match-required")


async def test_of_two_first_decisions_at_once_one_wins(client: httpx.AsyncClient) -> None:
    responses = await asyncio.gather(*(decide(client, region, 0) for region in ("DE", "AT")))
    assert sorted(one.status_code for one in responses) in ([200, 409], [200, 412])
    (winner,) = (one.json() for one in responses if one.status_code == 200)
    assert (await client.get(URL)).json() == winner


async def test_deciding_needs_the_right(
    client_for: ClientFor, tenant: str, problem: ProblemOf
) -> None:
    representative = client_for(tenant, roles=("sales_representative",))
    assert (await representative.get(URL)).status_code == 200
    assert problem(await decide(representative, "DE", 0)) == (403, "scope-missing")
