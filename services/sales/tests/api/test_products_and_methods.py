from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}


def stage(code: str, rate: int) -> dict[str, Any]:
    return {"code": code, "name": code, "planned_days": 7, "success_rate": rate}


class TestProducts:
    async def test_a_code_that_is_taken(
        self, client: httpx.AsyncClient, make_product: Make, problem: ProblemOf
    ) -> None:
        await make_product(code="GTX")
        other = await make_product()
        response = await client.patch(
            f"/v1/products/{other['id']}", json={"code": "GTX"}, headers=IF_FIRST
        )
        assert problem(response) == (409, "product-code-taken")
        body = {"code": "GTX", "name": "x", "list_price": {"amount": "1", "currency": "CNY"}}
        response = await client.post("/v1/products", json=body)
        assert problem(response) == (409, "product-code-taken")

    @pytest.mark.parametrize("amount", ["-0.01", "0.001", "x", "1" * 20])
    async def test_a_price_that_is_none(
        self, client: httpx.AsyncClient, problem: ProblemOf, amount: str
    ) -> None:
        body = {"code": "A", "name": "x", "list_price": {"amount": amount, "currency": "CNY"}}
        response = await client.post("/v1/products", json=body)
        assert problem(response) == (422, "invalid-request")

    async def test_a_new_price_is_told(
        self, client: httpx.AsyncClient, make_product: Make, database: Database, tenant: str
    ) -> None:
        made = await make_product()
        price = {"amount": "99.50", "currency": "USD"}
        await client.patch(
            f"/v1/products/{made['id']}", json={"list_price": price}, headers=IF_FIRST
        )
        event = (await emitted(database, tenant))[-1]
        assert event.data["list_price"] == price
        assert event.data["changed"] == ["list_price", "list_price_currency"]

    async def test_list_filters(self, client: httpx.AsyncClient, make_product: Make) -> None:
        await make_product(code="A", name="工作站", series="GTX")
        made = await make_product(code="B", name="服务", series="S")
        await client.patch(f"/v1/products/{made['id']}", json={"active": False}, headers=IF_FIRST)
        for parameters, codes in (
            ({"series": "GTX"}, ["A"]),
            ({"active": "false"}, ["B"]),
            ({"q": "服"}, ["B"]),
            ({"code": "A"}, ["A"]),
            ({"sort": "-code"}, ["B", "A"]),
        ):
            items = (await client.get("/v1/products", params=parameters)).json()["items"]
            assert [item["code"] for item in items] == codes, parameters


class TestStages:
    @pytest.mark.parametrize(
        ("stages", "code"),
        [
            ([stage("a", 10), stage("a", 20)], "stage-codes-repeat"),
            ([stage("a", 10), stage("b", 10)], "success-rate-must-rise"),
            ([stage("a", 10), stage("b", 5)], "success-rate-must-rise"),
            ([], "invalid-request"),
            ([stage("a", 101)], "invalid-request"),
        ],
    )
    async def test_that_make_no_method(
        self, client: httpx.AsyncClient, problem: ProblemOf, stages: list[Any], code: str
    ) -> None:
        response = await client.post(
            "/v1/methods", json={"code": "M", "name": "方法", "stages": stages}
        )
        assert problem(response) == (422, code)

    async def test_keep_their_conditions(self, make_method: Make) -> None:
        conditions = {"control": "strict", "activities": 1, "tasks": 2, "quotes": 3}
        method = await make_method(stages=[stage("a", 10) | {"conditions": conditions}])
        more = {"visits": 0, "samples": 0, "approvals": 0}
        more |= {name: [] for name in ("approved_documents", "required_fields", "roles")}
        assert method["stages"][0]["conditions"] == conditions | more
        assert method["stages"][0]["position"] == 1

    async def test_change_while_nobody_follows_them(
        self, client: httpx.AsyncClient, make_opportunity: Make
    ) -> None:
        opportunity = await make_opportunity()
        response = await client.patch(
            f"/v1/methods/{opportunity['method_id']}",
            json={"stages": [stage("only", 50)]},
            headers=IF_FIRST,
        )
        assert response.json()["stages"][0]["code"] == "only"

    async def test_change_as_a_new_version_that_a_running_opportunity_does_not_follow(
        self, client: httpx.AsyncClient, make_in_progress: Make
    ) -> None:
        running = await make_in_progress()
        url = f"/v1/methods/{running['method_id']}"
        stages = [stage("only", 50), stage("last", 90)]
        changed = await client.patch(url, json={"stages": stages}, headers=IF_FIRST)
        assert changed.json()["stages_version"] == 2
        promoted = await client.post(f"/v1/opportunities/{running['id']}/promote", json={})
        assert (promoted.json()["stage_code"], promoted.json()["method_version"]) == (
            "pre-study", 1
        )  # fmt: skip
        newer = await make_in_progress()
        assert (newer["stage_code"], newer["method_version"]) == ("only", 2)
        versions = (await client.get(f"{url}/versions")).json()["items"]
        assert [
            (one["number"], one["in_progress"], one["stages"][0]["code"], one["superseded_by"])
            for one in versions
        ] == [(2, 1, "only", None), (1, 1, "understand", "tester")]
        assert versions[1]["valid_until"] == versions[0]["valid_from"]
        listed = await client.get(
            "/v1/opportunities", params={"method_id": running["method_id"], "method_version": 1}
        )
        assert [one["id"] for one in listed.json()["items"]] == [running["id"]]

    async def test_refuse_a_code_that_is_taken(
        self, client: httpx.AsyncClient, make_method: Make, problem: ProblemOf
    ) -> None:
        await make_method(code="M")
        body = {"code": "M", "name": "方法", "stages": [stage("a", 1)]}
        assert problem(await client.post("/v1/methods", json=body)) == (409, "method-code-taken")


class TestDefault:
    async def defaults(self, client: httpx.AsyncClient) -> list[str]:
        items = (await client.get("/v1/methods", params={"is_default": "true"})).json()["items"]
        return [item["id"] for item in items]

    async def test_is_the_first_method(self, client: httpx.AsyncClient, make_method: Make) -> None:
        first = await make_method()
        second = await make_method()
        assert (first["is_default"], second["is_default"]) == (True, False)
        assert await self.defaults(client) == [first["id"]]

    async def test_passes_to_another(
        self, client: httpx.AsyncClient, make_method: Make, database: Database, tenant: str
    ) -> None:
        first = await make_method()
        second = await make_method()
        response = await client.post(f"/v1/methods/{second['id']}/make-default")
        assert response.json()["is_default"] is True
        assert await self.defaults(client) == [second["id"]]
        changes = await emitted(database, tenant, "sales.method-changed.v1")
        assert [(c.key, c.data["is_default"]) for c in changes] == [
            (first["id"], False), (second["id"], True)
        ]  # fmt: skip
        again = await client.post(f"/v1/methods/{second['id']}/make-default")
        assert again.json()["version"] == 2

    async def test_passes_to_a_new_one(self, client: httpx.AsyncClient, make_method: Make) -> None:
        await make_method()
        second = await make_method(is_default=True)
        assert await self.defaults(client) == [second["id"]]

    async def test_cannot_be_withdrawn(
        self, client: httpx.AsyncClient, make_method: Make, problem: ProblemOf
    ) -> None:
        first, second = await make_method(), await make_method()
        response = await client.patch(
            f"/v1/methods/{first['id']}", json={"active": False}, headers=IF_FIRST
        )
        assert problem(response) == (409, "default-method-needed")
        await client.patch(f"/v1/methods/{second['id']}", json={"active": False}, headers=IF_FIRST)
        response = await client.post(f"/v1/methods/{second['id']}/make-default")
        assert problem(response) == (409, "method-withdrawn")

    async def test_with_an_old_version(
        self, client: httpx.AsyncClient, make_method: Make, problem: ProblemOf
    ) -> None:
        method = await make_method()
        response = await client.post(
            f"/v1/methods/{method['id']}/make-default", headers={"If-Match": '"7"'}
        )
        assert problem(response) == (412, "version-conflict")
