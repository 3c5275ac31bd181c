"""The territory API, beyond what every resource has in common."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


class TestCreate:
    async def test_answers_with_its_place(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/territories", json={"code": "EAST", "name": "华东区"})
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/territories/{response.json()['id']}"

    async def test_with_a_code_that_is_taken(
        self, client: httpx.AsyncClient, make_territory: Make, problem: ProblemOf
    ) -> None:
        await make_territory(code="EAST")
        response = await client.post("/v1/territories", json={"code": "EAST", "name": "华东区"})
        assert problem(response) == (409, "territory-code-taken")


class TestChange:
    async def test_code_that_is_taken(
        self, client: httpx.AsyncClient, make_territory: Make, problem: ProblemOf
    ) -> None:
        await make_territory(code="EAST")
        other = await make_territory(code="WEST")
        response = await client.patch(
            f"/v1/territories/{other['id']}", json={"code": "EAST"}, headers={"If-Match": '"1"'}
        )
        assert problem(response) == (409, "territory-code-taken")


class TestList:
    async def test_by_code(self, client: httpx.AsyncClient, make_territory: Make) -> None:
        wanted = await make_territory(code="EAST")
        await make_territory(code="WEST")
        page = (await client.get("/v1/territories", params={"code": "EAST"})).json()
        assert page["items"] == [wanted]
        page = (await client.get("/v1/territories", params={"sort": "-code"})).json()
        assert [item["code"] for item in page["items"]] == ["WEST", "EAST"]
