"""Custom fields: defined without a migration, checked on every write, searched by an index."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ClientFor = Callable[..., httpx.AsyncClient]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
FIELDS, CUSTOMERS = "/v1/custom-fields", "/v1/customers"
NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
IF_FIRST = {"If-Match": '"1"'}
OPTIONS = [
    {"code": "mild", "name_zh": "清淡", "name_en": "Mild"},
    {"code": "spicy", "name_zh": "辣", "name_en": "Spicy"},
]
SECRET = "customer:audit:read"


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


class TestDefinitions:
    async def test_is_answered_and_told(
        self, client: httpx.AsyncClient, define: Make, database: Database, tenant: str
    ) -> None:
        made = await define("taste", "choice", options=OPTIONS, default_value="mild", indexed=True)
        assert (made["version"], made["default_value"]) == (1, "mild")
        assert [option["active"] for option in made["options"]] == [True, True]
        assert (await client.get(f"{FIELDS}/{made['id']}")).json() == made
        (event,) = await emitted(database, tenant)
        assert event.type == "customer.custom-field-created.v1"
        assert (event.key, event.data["value_type"]) == (made["id"], "choice")
        assert (await audited(database, tenant))[0].action == "custom-field.created"

    async def test_a_text_has_a_length_by_itself(self, define: Make) -> None:
        assert (await define("note"))["max_length"] == 200

    async def test_a_code_that_is_taken(
        self, client: httpx.AsyncClient, define: Make, problem: ProblemOf
    ) -> None:
        await define("taste")
        body = {"code": "taste", "name_zh": "甲", "name_en": "x", "type": "text"}
        assert problem(await client.post(FIELDS, json=body)) == (409, "field-code-taken")

    @pytest.mark.parametrize(
        ("more", "answer"),
        [
            ({"type": "choice"}, (422, "field-makes-no-sense")),
            ({"max_length": 500, "is_unique": True}, (422, "field-makes-no-sense")),
            ({"type": "colour"}, (422, "invalid-request")),
            ({"code": "With Space"}, (422, "invalid-request")),
            ({"visible_to": "everybody"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        problem: ProblemOf,
        more: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        body = {"code": "x", "name_zh": "甲", "name_en": "x", "type": "text"} | more
        assert problem(await client.post(FIELDS, json=body)) == answer

    async def test_changed(
        self,
        client: httpx.AsyncClient,
        define: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        made = await define("taste", "choice", options=OPTIONS)
        url = f"{FIELDS}/{made['id']}"
        changed = await client.patch(url, json={"default_value": "spicy"}, headers=IF_FIRST)
        assert (changed.json()["version"], changed.json()["default_value"]) == (2, "spicy")
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.sequence) == ("customer.custom-field-changed.v1", 2)
        second = {"If-Match": '"2"'}
        fewer = await client.patch(url, json={"options": OPTIONS[1:]}, headers=second)
        assert problem(fewer) == (409, "options-stay")
        wrong = await client.patch(url, json={"default_value": "sweet"}, headers=second)
        assert problem(wrong) == (422, "field-makes-no-sense")
        other = await client.patch(url, json={"type": "text"}, headers=second)
        assert problem(other) == (422, "invalid-request")
        assert problem(await client.patch(url, json={})) == (428, "if-match-required")
        assert problem(await client.patch(url, json={}, headers=IF_FIRST)) == (
            412, "version-conflict",
        )  # fmt: skip

    async def test_list_filters_and_other_tenants(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        define: Make,
        database: Database,
        problem: ProblemOf,
    ) -> None:
        made = await define("a", indexed=True)
        await define("b", "number")
        with count_queries(database) as queries:
            page = (await client.get(FIELDS, params={"indexed": "true"})).json()
        assert [one["code"] for one in page["items"]] == ["a"]
        assert len(queries) == 3, queries.statements
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert (await stranger.get(FIELDS)).json()["items"] == []
        assert problem(await stranger.get(f"{FIELDS}/{made['id']}")) == (404, "not-found")
        body = {"kind": "person", "name": "张敏", "custom": {"a": "x"}}
        assert problem(await stranger.post(CUSTOMERS, json=body)) == (422, "custom-fields-invalid")

    async def test_reading_does_not_allow_writing(
        self, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        reader = client_for(tenant, roles=("service_agent",))
        assert (await reader.get(FIELDS)).status_code == 200
        assert problem(await reader.post(FIELDS, json={})) == (403, "scope-missing")


class TestValues:
    async def test_of_every_type(
        self,
        client: httpx.AsyncClient,
        define: Make,
        make_customer: Make,
        make_employee: Make,
        database: Database,
        tenant: str,
    ) -> None:
        employee = await make_employee()
        for type_ in ("text", "number", "date", "money"):
            await define(type_, type_)
        await define("choice", "choice", options=OPTIONS)
        await define("several", "multi_choice", options=OPTIONS)
        await define("who", "reference", reference_to="employee")
        custom = {
            "text": "辣",
            "number": "12.5",
            "date": "2026-03-01",
            "money": {"amount": "9.50", "currency": "CNY"},
            "choice": "spicy",
            "several": ["mild", "spicy"],
            "who": employee["id"],
        }
        customer = await make_customer(custom=custom)
        assert customer["custom"] == custom
        url = f"{CUSTOMERS}/{customer['id']}"
        assert (await client.get(url)).json()["custom"] == custom
        changes = {"number": "13", "choice": None}
        response = await client.patch(url, json={"custom": changes}, headers=IF_FIRST)
        after = custom | {"number": "13"}
        del after["choice"]
        assert (response.json()["custom"], response.json()["version"]) == (after, 2)
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.data["changed"]) == ("customer.customer-changed.v1", ["custom"])
        entry = (await audited(database, tenant))[-1]
        assert entry.changes["custom"]["before"] == custom

    async def test_that_are_not_accepted_change_nothing(
        self, client: httpx.AsyncClient, define: Make, make_customer: Make, problem: ProblemOf
    ) -> None:
        await define("size", "number", required=True)
        await define("who", "reference", reference_to="customer")
        body = {"kind": "person", "name": "张敏", "custom": {"who": NOBODY}}
        response = await client.post(CUSTOMERS, json=body, headers={"Accept-Language": "zh"})
        assert problem(response) == (422, "custom-fields-invalid")
        assert response.json()["fields"] == [{"field": "size", "problem": "required"}]
        size = (await client.get("/v1/custom-fields", params={"code": "size"})).json()["items"][0]
        assert f"{size['name_zh']}：必填" in response.json()["detail"]
        customer = await make_customer(custom={"size": "1"})
        url = f"{CUSTOMERS}/{customer['id']}"
        for custom, field, code in (
            ({"size": None}, "size", "required"),
            ({"size": "x"}, "size", "wrong-type"),
            ({"who": NOBODY}, "who", "unknown-reference"),
            ({"nothing": 1}, "nothing", "unknown-field"),
        ):
            response = await client.patch(url, json={"custom": custom}, headers=IF_FIRST)
            assert problem(response) == (422, "custom-fields-invalid")
            assert response.json()["fields"] == [{"field": field, "problem": code}]
        assert (await client.get(url)).json() == customer

    async def test_half_a_character_is_no_text(
        self, client: httpx.AsyncClient, define: Make, problem: ProblemOf
    ) -> None:
        await define("taste")
        body = b'{"kind": "person", "name": "x", "custom": {"taste": "\\ud800"}}'
        json = {"Content-Type": "application/json"}
        refused = problem(await client.post(CUSTOMERS, content=body, headers=json))
        assert refused in ((422, "custom-fields-invalid"), (422, "invalid-request"))

    async def test_an_empty_change_is_none(
        self, client: httpx.AsyncClient, define: Make, make_customer: Make
    ) -> None:
        await define("taste")
        customer = await make_customer(custom={"taste": "辣"})
        response = await client.patch(
            f"{CUSTOMERS}/{customer['id']}",
            json={"custom": {"taste": "辣"}, "name": customer["name"]},
            headers=IF_FIRST,
        )
        assert response.json() == customer

    async def test_a_default_and_a_retired_field(
        self, client: httpx.AsyncClient, define: Make, make_customer: Make, problem: ProblemOf
    ) -> None:
        made = await define("taste", "choice", options=OPTIONS, default_value="mild")
        assert (await make_customer())["custom"] == {"taste": "mild"}
        old = await make_customer(custom={"taste": "spicy"})
        await client.patch(f"{FIELDS}/{made['id']}", json={"active": False}, headers=IF_FIRST)
        assert (await make_customer())["custom"] == {}
        url = f"{CUSTOMERS}/{old['id']}"
        assert (await client.get(url)).json()["custom"] == {"taste": "spicy"}
        response = await client.patch(url, json={"custom": {"taste": "mild"}}, headers=IF_FIRST)
        assert problem(response) == (422, "custom-fields-invalid")
        sent_back = {"custom": {"taste": "spicy"}, "name": "辣味居"}
        kept = await client.patch(url, json=sent_back, headers=IF_FIRST)
        assert kept.json()["custom"] == {"taste": "spicy"}
        second = {"If-Match": '"2"'}
        cleared = await client.patch(url, json={"custom": {"taste": None}}, headers=second)
        assert cleared.json()["custom"] == {}

    async def test_of_a_retired_option_or_field_are_found(
        self, client: httpx.AsyncClient, define: Make, make_customer: Make
    ) -> None:
        made = await define("taste", "choice", options=OPTIONS, indexed=True)
        customer = await make_customer(custom={"taste": "spicy"})
        retired = [one | {"active": one["code"] != "spicy"} for one in OPTIONS]
        url, taste = f"{FIELDS}/{made['id']}", {"custom": "taste:spicy"}
        for version, change in enumerate(({"options": retired}, {"active": False}), 1):
            changed = await client.patch(url, json=change, headers={"If-Match": f'"{version}"'})
            assert changed.status_code == 200, changed.text
            found = (await client.get(CUSTOMERS, params=taste)).json()["items"]
            assert [one["id"] for one in found] == [customer["id"]]


class TestUnique:
    async def test_a_value_that_another_customer_has(
        self, client: httpx.AsyncClient, define: Make, make_customer: Make, problem: ProblemOf
    ) -> None:
        await define("licence", is_unique=True)
        first = await make_customer(custom={"licence": "AB 12"})
        body = {"kind": "person", "name": "张敏", "custom": {"licence": "ａｂ  12"}}
        taken = await client.post(CUSTOMERS, json=body)
        assert problem(taken) == (409, "custom-value-taken")
        url = f"{CUSTOMERS}/{first['id']}"
        again = {"custom": {"licence": "ab 12"}}  # its own, written in another way
        assert (await client.patch(url, json=again, headers=IF_FIRST)).status_code == 200
        await client.patch(url, json={"custom": {"licence": None}}, headers={"If-Match": '"2"'})
        assert (await client.post(CUSTOMERS, json=body)).status_code == 201

    async def test_two_at_once(self, client: httpx.AsyncClient, define: Make) -> None:
        await define("licence", is_unique=True)
        body = {"kind": "person", "name": "张敏", "custom": {"licence": "AB-12"}}
        responses = await asyncio.gather(*(client.post(CUSTOMERS, json=body) for _ in range(4)))
        assert sorted(r.status_code for r in responses) == [201, 409, 409, 409]

    async def test_another_tenant_may_have_the_same(
        self, client_for: ClientFor, define: Make, make_customer: Make
    ) -> None:
        await define("licence", is_unique=True)
        await make_customer(custom={"licence": "1"})
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        field = {"code": "licence", "name_zh": "甲", "name_en": "L", "type": "text"}
        await stranger.post(FIELDS, json=field | {"is_unique": True})
        body = {"kind": "person", "name": "张敏", "custom": {"licence": "1"}}
        assert (await stranger.post(CUSTOMERS, json=body)).status_code == 201


class TestRestricted:
    async def test_who_lacks_the_scope_neither_sees_nor_writes_nor_searches(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        define: Make,
        make_customer: Make,
        problem: ProblemOf,
    ) -> None:
        await define("margin", "number", visible_to=SECRET, indexed=True)
        await define("taste")
        customer = await make_customer(custom={"margin": "7", "taste": "辣"})
        url, seller = f"{CUSTOMERS}/{customer['id']}", client_for(
            tenant, roles=("sales_representative",)
        )  # fmt: skip
        assert (await client.get(url)).json()["custom"] == {"margin": "7", "taste": "辣"}
        assert (await seller.get(url)).json()["custom"] == {"taste": "辣"}
        (listed,) = (await seller.get(CUSTOMERS)).json()["items"]
        assert listed["custom"] == {"taste": "辣"}
        body = {"custom": {"margin": "8"}}
        refused = await seller.patch(url, json=body, headers=IF_FIRST)
        assert problem(refused) == (422, "custom-fields-invalid")
        for params in ({"custom": "margin:7"}, {"custom_sort": "margin"}):
            searched = await seller.get(CUSTOMERS, params=params)
            assert problem(searched) == (422, "field-not-searchable")
        changed = await seller.patch(url, json={"custom": {"taste": "甜"}}, headers=IF_FIRST)
        assert changed.json()["custom"] == {"taste": "甜"}
        assert (await client.get(url)).json()["custom"] == {"margin": "7", "taste": "甜"}

    async def test_who_lacks_the_scope_does_not_know_of_the_field_nor_lifts_the_restriction(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        define: Make,
        problem: ProblemOf,
    ) -> None:
        credit = "customer:credit:write"
        made = await define("margin", "number", visible_to=credit, default_value="7")
        await define("taste")
        curious = client_for(tenant, roles=("sales_manager",))
        url = f"{FIELDS}/{made['id']}"
        assert [one["code"] for one in (await curious.get(FIELDS)).json()["items"]] == ["taste"]
        assert problem(await curious.get(url)) == (404, "not-found")
        lifted = await curious.patch(url, json={"visible_to": None}, headers=IF_FIRST)
        assert problem(lifted) == (404, "not-found")
        assert (await client.get(url)).json()["visible_to"] == credit
