"""A POST that is sent again has one effect and one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
BODY = {"kind": "person", "name": "张敏"}


def keyed(key: str = "k-1") -> dict[str, str]:
    return {"Idempotency-Key": key}


async def count(client: httpx.AsyncClient) -> int:
    page = (await client.get("/v1/customers", params={"count": "exact"})).json()
    assert isinstance(page["count"], int)
    return page["count"]


class TestRepeated:
    async def test_gets_the_first_answer(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        first = await client.post("/v1/customers", json=BODY, headers=keyed())
        again = await client.post("/v1/customers", json=BODY, headers=keyed())
        assert (again.status_code, again.content) == (201, first.content)
        for header in ("etag", "location", "content-type"):
            assert again.headers[header] == first.headers[header]
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert await count(client) == 1
        assert len(await emitted(database, tenant)) == 1

    async def test_with_quotes_or_without(self, client: httpx.AsyncClient) -> None:
        await client.post("/v1/customers", json=BODY, headers=keyed())
        await client.post("/v1/customers", json=BODY, headers=keyed('"k-1"'))
        assert await count(client) == 1

    async def test_a_command(self, client: httpx.AsyncClient, make_customer: Make) -> None:
        url = f"/v1/customers/{(await make_customer())['id']}/promote"
        answers = [await client.post(url, json={}, headers=keyed()) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()

    async def test_at_the_same_time(
        self, client: httpx.AsyncClient, database: Database, tenant: str
    ) -> None:
        answers = await asyncio.gather(
            *(client.post("/v1/customers", json=BODY, headers=keyed()) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert len(await emitted(database, tenant)) == 1


class TestClashing:
    async def test_another_body(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        await client.post("/v1/customers", json=BODY, headers=keyed())
        response = await client.post("/v1/customers", json=BODY | {"name": "李伟"}, headers=keyed())
        assert problem(response) == (422, "idempotency-key-reused")
        assert await count(client) == 1

    async def test_another_operation(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        url = f"/v1/customers/{(await make_customer())['id']}"
        await client.post(f"{url}/promote", json={}, headers=keyed())
        response = await client.post(f"{url}/end", json={"reason": "无"}, headers=keyed())
        assert problem(response) == (422, "idempotency-key-reused")

    async def test_of_other_people(
        self, client: httpx.AsyncClient, client_for: ClientFor, tenant: str
    ) -> None:
        others = (client_for(tenant, subject="li.wei"), client_for(f"t-{uuid4().hex[:12]}"))
        for somebody in (client, *others):
            response = await somebody.post("/v1/customers", json=BODY, headers=keyed())
            assert "idempotency-replayed" not in response.headers


class TestRefused:
    async def test_leaves_the_key_free(
        self, client: httpx.AsyncClient, make_customer: Make, problem: ProblemOf
    ) -> None:
        other = await make_customer(code="K-1")
        body = BODY | {"code": "K-1"}
        response = await client.post("/v1/customers", json=body, headers=keyed())
        assert problem(response) == (409, "customer-code-taken")
        await client.patch(
            f"/v1/customers/{other['id']}", json={"code": None}, headers={"If-Match": '"1"'}
        )
        response = await client.post("/v1/customers", json=body, headers=keyed())
        assert response.status_code == 201
