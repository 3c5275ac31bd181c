"""A face without a name, until somebody says who it is (C1, 2 L110)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
CUSTOMERS = "/v1/customers"
FACE = {"kind": "person", "name": "会员卡 8842", "anonymous": True}


@pytest.fixture
async def face(make_customer: Make) -> dict[str, Any]:
    """Somebody who buys, and of whom nothing is on record."""
    return await make_customer(**FACE)


class TestAnonymous:
    async def test_two_with_the_same_stand_in_are_two(
        self, client: httpx.AsyncClient, face: dict[str, Any], make_customer: Make
    ) -> None:
        assert face["anonymous"] is True
        other = await make_customer(**FACE)
        named = await make_customer(name="张敏", kind="person")
        found = (await client.get(CUSTOMERS, params={"anonymous": True})).json()["items"]
        assert {one["id"] for one in found} == {face["id"], other["id"]}
        found = (await client.get(CUSTOMERS, params={"anonymous": False})).json()["items"]
        assert [one["id"] for one in found] == [named["id"]]

    async def test_nobody_can_look_after_it(
        self,
        client: httpx.AsyncClient,
        face: dict[str, Any],
        make_employee: Make,
        problem: ProblemOf,
    ) -> None:
        owner = {"owner_id": (await make_employee())["id"]}
        entered = await client.post(CUSTOMERS, json=FACE | owner)
        assert problem(entered) == (409, "anonymous-customer")
        given = await client.post(f"{CUSTOMERS}/{face['id']}/hand-over", json=owner)
        assert problem(given) == (409, "anonymous-customer")


class TestIdentify:
    async def test_gives_it_a_name_and_then_an_owner(
        self,
        client: httpx.AsyncClient,
        face: dict[str, Any],
        make_employee: Make,
        database: Database,
        tenant: str,
    ) -> None:
        url = f"{CUSTOMERS}/{face['id']}"
        answer = await client.post(f"{url}/identify", json={"name": "张敏"})
        assert answer.status_code == 200, answer.text
        named = answer.json()
        assert (named["name"], named["anonymous"], named["version"]) == ("张敏", False, 2)
        told = (await emitted(database, tenant))[-1]
        assert told.type == "customer.customer-changed.v1"
        assert (told.data["changed"], told.data["anonymous"]) == (["anonymous", "name"], False)
        assert (await audited(database, tenant))[-1].action == "customer.identified"
        owner = {"owner_id": (await make_employee())["id"]}
        assert (await client.post(f"{url}/hand-over", json=owner)).status_code == 200

    async def test_as_somebody_on_record_is_refused_until_there_is_a_reason(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        problem: ProblemOf,
    ) -> None:
        there = await make_customer(name="深圳华强系统集成有限公司")
        face = await make_customer(name="散客 7", anonymous=True)
        url, name = f"{CUSTOMERS}/{face['id']}/identify", {"name": "深圳市華強系統集成股份有限公司"}
        refused = await client.post(url, json=name)
        assert problem(refused) == (409, "duplicate-customer")
        assert [one["customer_id"] for one in refused.json()["candidates"]] == [there["id"]]
        allowed = await client.post(
            url, json=name, headers={"Kehu-Allow-Duplicate": "separate%20accounts"}
        )
        assert allowed.headers["Kehu-Possible-Duplicates"] == "1"

    async def test_is_found_by_the_new_name_from_then_on(
        self, client: httpx.AsyncClient, face: dict[str, Any], problem: ProblemOf
    ) -> None:
        company = {"kind": "organisation", "name": "散客一号有限公司", "anonymous": True}
        made = (await client.post(CUSTOMERS, json=company)).json()
        await client.post(f"{CUSTOMERS}/{made['id']}/identify", json={"name": "天津远景机械厂"})
        again = await client.post(
            CUSTOMERS, json={"kind": "organisation", "name": "天津市遠景機械廠"}
        )
        assert problem(again) == (409, "duplicate-customer")

    async def test_a_second_time(
        self, client: httpx.AsyncClient, face: dict[str, Any], problem: ProblemOf
    ) -> None:
        url = f"{CUSTOMERS}/{face['id']}/identify"
        await client.post(url, json={"name": "张敏"})
        assert problem(await client.post(url, json={"name": "李敏"})) == (
            409,
            "already-identified",
        )


async def test_in_a_merge_the_one_that_is_identified_survives(
    client: httpx.AsyncClient, face: dict[str, Any], make_customer: Make, problem: ProblemOf
) -> None:
    named = await make_customer(name="张敏", kind="person")
    wrong = {"survivor_id": face["id"], "merged_ids": [named["id"]]}
    assert problem(await client.post("/v1/merges", json=wrong)) == (409, "anonymous-survivor")
    right = {"survivor_id": named["id"], "merged_ids": [face["id"]]}
    merged = await client.post("/v1/merges", json=right)
    assert merged.status_code == 201, merged.text
    assert merged.json()["survivor"]["name"] == "张敏"
