"""Customers are found by their custom fields, however many there are (C11)."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from kehu_customer.custom_fields.models import CustomField
from kehu_kernel import audit
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
FIELDS, CUSTOMERS = "/v1/custom-fields", "/v1/customers"
IF_FIRST = {"If-Match": '"1"'}
OPTIONS = [
    {"code": "mild", "name_zh": "清淡", "name_en": "Mild"},
    {"code": "spicy", "name_zh": "辣", "name_en": "Spicy"},
]


@pytest.fixture
def define(client: httpx.AsyncClient) -> Make:
    """Defines a custom field through the API."""

    async def define(code: str, type_: str = "text", **more: Any) -> dict[str, Any]:
        body = {"code": code, "name_zh": "字段", "name_en": code, "type": type_} | more
        response = await client.post(FIELDS, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return define


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    response = await client.get(CUSTOMERS, params=params)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


class TestSearch:
    @pytest.fixture(autouse=True)
    async def customers(self, define: Make, make_customer: Make) -> None:
        await define("size", "number", indexed=True)
        await define("since", "date", indexed=True)
        await define("price", "money", indexed=True)
        await define("taste", "multi_choice", options=OPTIONS, indexed=True)
        await define("licence", is_unique=True)
        await define("note")
        cny = {"amount": "10.00", "currency": "CNY"}
        usd = {"amount": "10.00", "currency": "USD"}
        for name, custom in (
            ("a", {"size": "9", "since": "2026-01-01", "price": cny, "taste": ["mild"]}),
            ("b", {"size": "10", "since": "2026-02-01", "price": usd, "taste": ["spicy"]}),
            ("c", {"size": "10", "taste": ["mild", "spicy"], "licence": "L1", "note": "n"}),
            ("d", {}),
        ):
            await make_customer(name=name, custom=custom)

    @pytest.mark.parametrize(
        ("params", "names"),
        [
            ({"custom": "size:10"}, ["b", "c"]),
            ({"custom": "size:10.0"}, ["b", "c"]),
            ({"custom_from": "size:9.5"}, ["b", "c"]),
            ({"custom_to": "size:9"}, ["a"]),
            ({"custom_from": "since:2026-01-02", "custom_to": "since:2026-02-01"}, ["b"]),
            ({"custom": "price:10 CNY"}, ["a"]),
            ({"custom_from": "price:1 USD"}, ["b"]),
            ({"custom": "taste:spicy"}, ["b", "c"]),
            ({"custom": ["taste:spicy", "taste:mild"]}, ["c"]),
            ({"custom": "licence:L1"}, ["c"]),
            ({"custom": "size:10", "q": "b"}, ["b"]),
            ({"custom_sort": "size"}, ["a", "b", "c"]),
            ({"custom_sort": "-since"}, ["b", "a"]),
        ],
    )
    async def test_finds(
        self, client: httpx.AsyncClient, params: dict[str, Any], names: list[str]
    ) -> None:
        assert await found(client, **params) == names

    @pytest.mark.parametrize(
        "params",
        [
            {"custom": "note:n"},
            {"custom": "nothing:n"},
            {"custom": "size"},
            {"custom": "size:x"},
            {"custom": "price:10"},
            {"custom_from": "taste:mild"},
            {"custom_sort": "note"},
            {"custom_sort": "price"},
            {"custom_sort": "taste"},
        ],
    )
    async def test_refuses(
        self, client: httpx.AsyncClient, params: dict[str, Any], problem: ProblemOf
    ) -> None:
        response = await client.get(CUSTOMERS, params=params)
        assert problem(response) == (422, "field-not-searchable")

    async def test_forgets_a_value_that_changed(self, client: httpx.AsyncClient) -> None:
        (one,) = (await client.get(CUSTOMERS, params={"name": "a"})).json()["items"]
        body = {"custom": {"size": "11", "taste": ["spicy"]}}
        await client.patch(f"{CUSTOMERS}/{one['id']}", json=body, headers=IF_FIRST)
        assert await found(client, custom="size:9") == []
        assert await found(client, custom="taste:mild") == ["c"]
        assert await found(client, custom_sort="-size") == ["a", "c", "b"]

    @pytest.mark.parametrize("sort", ["size", "-size"])
    async def test_pages_show_everything_once_in_order(
        self, client: httpx.AsyncClient, sort: str
    ) -> None:
        params: dict[str, Any] = {"custom_sort": sort, "limit": 1, "count": "exact"}
        names = []
        for _ in range(3):
            page = (await client.get(CUSTOMERS, params=params)).json()
            names += [item["name"] for item in page["items"]]
            params["cursor"] = page["next_cursor"]
            assert page["count"] == 3
        assert (params["cursor"], sorted(names)) == (None, ["a", "b", "c"])
        assert names.index("a") == (0 if sort == "size" else 2)

    async def test_takes_the_same_few_queries_however_many(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        for params, expected in (
            ({"custom": "size:10"}, 5),  # begin, fields, page, hidden fields, end
            ({"custom_sort": "size"}, 6),  # and the customers of the page
        ):
            with count_queries(database) as queries:
                await client.get(CUSTOMERS, params=params)
            assert len(queries) == expected, queries.statements


class TestThousandFields:
    async def test_cost_no_more_queries_than_one(
        self,
        client: httpx.AsyncClient,
        define: Make,
        make_customer: Make,
        database: Database,
        context: Context,
    ) -> None:
        await define("f0", "number", indexed=True)
        one = await make_customer(custom={"f0": "1"})
        counts = [await self._cost(client, database, one["id"], {"f0": "2"})]
        async with database.transaction(context) as session:
            for n in range(1, 1000):
                fields: dict[str, Any] = dict.fromkeys(
                    ("description", "reference_to", "default_value", "visible_to", "max_length")
                )
                names = {"code": f"f{n}", "name_zh": "字段", "name_en": "field", "type": "number"}
                flags = {"required": False, "is_unique": False, "indexed": True, "active": True}
                audit.created(session, CustomField(**fields, **names, **flags, options=[]))
        values = {f"f{n}": str(n) for n in range(1000)}
        many = await make_customer(name="千", custom=values)
        assert len(many["custom"]) == 1000
        changed = {code: f"{value}.5" for code, value in values.items()}
        counts.append(await self._cost(client, database, many["id"], changed))
        assert counts[0] == counts[1]
        read = (await client.get(f"{CUSTOMERS}/{many['id']}")).json()
        assert read["custom"] == changed
        assert await found(client, custom="f999:999.5") == ["千"]
        # begin, lock, fields, forget entries, any rules, customer, entries, journal, commit,
        # and the fields that the caller must not see
        assert counts[0] == 10

    async def _cost(
        self, client: httpx.AsyncClient, database: Database, customer: str, custom: dict[str, str]
    ) -> int:
        with count_queries(database) as queries:
            response = await client.patch(
                f"{CUSTOMERS}/{customer}", json={"custom": custom}, headers=IF_FIRST
            )
        assert response.status_code == 200, response.text
        return len(queries)


async def test_the_index_holds_what_customers_have(
    client: httpx.AsyncClient,
    define: Make,
    make_customer: Make,
    database: Database,
    context: Context,
) -> None:
    await define("size", "number", indexed=True)
    customer = await make_customer(custom={"size": "1"})
    url = f"{CUSTOMERS}/{customer['id']}"
    for version, size in enumerate(("2", None, "3", "3"), start=1):
        body = {"custom": {"size": size}}
        await client.patch(url, json=body, headers={"If-Match": f'"{version}"'})
        async with database.transaction(context) as session:
            entries = await session.scalars(text("SELECT number_value FROM custom_entries"))
        assert [f"{entry:.0f}" for entry in entries] == ([] if size is None else [size])
