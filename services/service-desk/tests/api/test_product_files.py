"""The product file API."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    """Return the business day; asked each time, for the tests may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


FUTURE = (today() + timedelta(days=2)).isoformat()  # two: the test may run over midnight
IF_FIRST = {"If-Match": '"1"'}
REGISTERED = "service-desk.product-file-registered.v1"
EVERYTHING = {
    "product_id": str(uuid4()),
    "product_code": "GTX-P",
    "product_name": "GTX Pro 工业服务器",
    "serial_number": "GTX26-0728-0041",
    "quantity": "6.5",
    "service_enabled": True,
    "delivered_on": "2026-07-28",
    "warranty_until": "2029-07-27",
    "last_maintained_on": "2026-08-10",
    "next_maintenance_on": "2027-08-10",
}


@pytest.fixture
async def draft(make_file: Make) -> dict[str, Any]:
    """A draft."""
    return await make_file(delivered_on="2026-07-28")


@pytest.fixture
async def registered(make_file: Make) -> dict[str, Any]:
    """A registered file."""
    return await make_file(delivered_on="2026-07-28", serial_number="S-1", register=True)


def url_of(file: dict[str, Any]) -> str:
    return f"/v1/product-files/{file['id']}"


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer
    ) -> None:
        given = EVERYTHING | {"customer_id": await make_customer()}
        response = await client.post("/v1/product-files", json=given)
        body = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/product-files/{body['id']}"
        assert response.headers["etag"] == '"1"'
        expected = given | {
            "number": f"PF-{today().year}-000001", "version": 1,
            "registered": False, "registered_on": None, "in_warranty": True,
        }  # fmt: skip
        assert {name: body[name] for name in expected} == expected
        assert (await client.get(url_of(body))).json() == body

    async def test_with_the_least(self, make_file: Make, database: Database, tenant: str) -> None:
        body = await make_file()
        assert (body["quantity"], body["service_enabled"]) == ("1", True)
        assert body["delivered_on"] == today().isoformat()
        assert (body["registered"], body["in_warranty"]) == (False, False)
        assert await emitted(database, tenant) == []
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.actor) == ("product-file.created", "tester")

    async def test_registered_at_once(
        self, make_file: Make, database: Database, tenant: str
    ) -> None:
        body = await make_file(**EVERYTHING, register=True)
        assert (body["registered"], body["registered_on"]) == (True, today().isoformat())
        [event] = await emitted(database, tenant)
        assert (event.type, event.key, event.sequence) == (REGISTERED, body["id"], 1)
        assert event.data == {
            "product_file_id": body["id"],
            "number": body["number"],
            "customer_id": body["customer_id"],
            "product_id": EVERYTHING["product_id"],
            "product_name": EVERYTHING["product_name"],
            "serial_number": EVERYTHING["serial_number"],
            "quantity": "6.5",
            "registered_on": today().isoformat(),
            "warranty_ends_on": "2029-07-27",
            "project_id": None,
            "contract_id": None,
            "delivery_id": None,
        }

    async def test_for_nobody_we_know(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        body = {"customer_id": str(uuid4()), "product_name": "UPS"}
        response = await client.post("/v1/product-files", json=body)
        assert problem(response) == (422, "unknown-customer")
        assert "a second" in response.json()["detail"]

    async def test_for_a_former_customer(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer, problem: ProblemOf
    ) -> None:
        body = {"customer_id": await make_customer(state="former"), "product_name": "UPS"}
        response = await client.post("/v1/product-files", json=body)
        assert problem(response) == (409, "customer-has-ended")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"delivered_on": FUTURE}, "date-in-future"),
            ({"last_maintained_on": FUTURE}, "date-in-future"),
            ({"warranty_until": "2020-01-01"}, "date-before-previous"),
            ({"next_maintenance_on": "2020-01-01"}, "date-before-previous"),
            ({"quantity": "0"}, "invalid-request"),
            ({"quantity": "1.0005"}, "invalid-request"),
            ({"product_name": " "}, "invalid-request"),
            ({"customer_id": None}, "invalid-request"),
            ({"number": "PF-1"}, "invalid-request"),
            ({"registered": True}, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        make_customer: MakeCustomer,
        problem: ProblemOf,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        body = {"customer_id": await make_customer(), "product_name": "UPS"} | fields
        assert problem(await client.post("/v1/product-files", json=body)) == (422, code)

    async def test_with_a_serial_number_that_is_taken(
        self, client: httpx.AsyncClient, registered: dict[str, Any], problem: ProblemOf
    ) -> None:
        body = {
            "customer_id": registered["customer_id"], "product_name": "UPS", "serial_number": "S-1",
        }  # fmt: skip
        response = await client.post("/v1/product-files", json=body)
        assert problem(response) == (409, "serial-number-taken")

    async def test_at_once_with_the_same_serial_number(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer
    ) -> None:
        body = {"customer_id": await make_customer(), "product_name": "UPS", "serial_number": "X"}
        answers = await asyncio.gather(
            *(client.post("/v1/product-files", json=body) for _ in range(4))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        assert (
            (await client.post("/v1/product-files", json=body | {"serial_number": None}))
            .json()["number"]
            .endswith("-000002")
        )

    async def test_repeated_with_the_same_key(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer
    ) -> None:
        body = {"customer_id": await make_customer(), "product_name": "UPS"}
        key = {"Idempotency-Key": "again"}
        first = await client.post("/v1/product-files", json=body, headers=key)
        second = await client.post("/v1/product-files", json=body, headers=key)
        assert (first.status_code, second.json()) == (201, first.json())
        page = await client.get("/v1/product-files", params={"count": "exact"})
        assert page.json()["count"] == 1


class TestChange:
    async def test_a_draft(
        self,
        client: httpx.AsyncClient,
        draft: dict[str, Any],
        make_customer: MakeCustomer,
        database: Database,
        tenant: str,
    ) -> None:
        given = EVERYTHING | {"customer_id": await make_customer()}
        response = await client.patch(url_of(draft), json=given, headers=IF_FIRST)
        body = response.json()
        assert (response.status_code, response.headers["etag"]) == (200, '"2"')
        assert {name: body[name] for name in given} == given
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.version) == ("product-file.changed", 2)
        assert entry.changes["quantity"] == {"before": "1", "after": "6.5"}

    async def test_to_what_it_is_already(
        self, client: httpx.AsyncClient, draft: dict[str, Any]
    ) -> None:
        body = {"product_name": draft["product_name"], "quantity": "1.0"}
        response = await client.patch(url_of(draft), json=body, headers=IF_FIRST)
        assert response.json() == draft

    async def test_a_draft_to_a_former_customer(
        self,
        client: httpx.AsyncClient,
        draft: dict[str, Any],
        make_customer: MakeCustomer,
        problem: ProblemOf,
    ) -> None:
        body = {"customer_id": await make_customer(state="former")}
        response = await client.patch(url_of(draft), json=body, headers=IF_FIRST)
        assert problem(response) == (409, "customer-has-ended")

    async def test_a_draft_to_nobody_we_know(
        self, client: httpx.AsyncClient, draft: dict[str, Any], problem: ProblemOf
    ) -> None:
        body = {"customer_id": str(uuid4())}
        response = await client.patch(url_of(draft), json=body, headers=IF_FIRST)
        assert problem(response) == (422, "unknown-customer")

    async def test_the_three_open_fields_of_a_registered_one(
        self, client: httpx.AsyncClient, registered: dict[str, Any]
    ) -> None:
        given = {
            "warranty_until": "2030-07-27",
            "last_maintained_on": "2026-09-01",
            "next_maintenance_on": "2027-09-01",
        }
        response = await client.patch(url_of(registered), json=given, headers=IF_FIRST)
        assert response.json() == registered | given | {
            "version": 2, "in_warranty": True, "updated_at": response.json()["updated_at"],
        }  # fmt: skip

    async def test_what_is_frozen(
        self, client: httpx.AsyncClient, registered: dict[str, Any], problem: ProblemOf
    ) -> None:
        given = {"warranty_until": "2030-07-27", "serial_number": "S-2", "quantity": "3"}
        response = await client.patch(url_of(registered), json=given, headers=IF_FIRST)
        assert problem(response) == (409, "product-data-frozen")
        assert response.json()["fields"] == ["quantity", "serial_number"]
        assert (await client.get(url_of(registered))).json() == registered

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"last_maintained_on": FUTURE}, "date-in-future"),
            (
                {"last_maintained_on": "2026-09-02", "next_maintenance_on": "2026-09-01"},
                "date-before-previous",
            ),
            ({"warranty_until": "2026-07-27"}, "date-before-previous"),
            ({"product_name": None}, "invalid-request"),
            ({"registered_on": "2026-08-01"}, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        registered: dict[str, Any],
        problem: ProblemOf,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        response = await client.patch(url_of(registered), json=fields, headers=IF_FIRST)
        assert problem(response) == (422, code)

    async def test_to_a_serial_number_that_is_taken(
        self,
        client: httpx.AsyncClient,
        draft: dict[str, Any],
        registered: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        body = {"serial_number": registered["serial_number"]}
        response = await client.patch(url_of(draft), json=body, headers=IF_FIRST)
        assert problem(response) == (409, "serial-number-taken")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, draft: dict[str, Any], problem: ProblemOf
    ) -> None:
        await client.patch(url_of(draft), json={"product_code": "A"}, headers=IF_FIRST)
        body = {"product_code": "B"}
        response = await client.patch(url_of(draft), json=body, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")
        assert response.json()["changed_fields"] == ["product_code"]
        response = await client.patch(url_of(draft), json=body)
        assert problem(response) == (428, "if-match-required")


class TestRegister:
    async def test_freezes_and_tells(
        self, client: httpx.AsyncClient, draft: dict[str, Any], database: Database, tenant: str
    ) -> None:
        body = {"on": "2026-07-30"}
        response = await client.post(f"{url_of(draft)}/register", json=body, headers=IF_FIRST)
        assert (response.status_code, response.headers["etag"]) == (200, '"2"')
        assert response.json()["registered_on"] == "2026-07-30"
        [event] = await emitted(database, tenant)
        assert (event.type, event.sequence) == (REGISTERED, 2)
        assert event.data["registered_on"] == "2026-07-30"
        assert (await audited(database, tenant))[-1].action == "product-file.registered"

    @pytest.mark.parametrize(
        ("on", "code"), [(FUTURE, "date-in-future"), ("2026-07-27", "date-before-previous")]
    )
    async def test_on_a_day_that_cannot_be(
        self,
        client: httpx.AsyncClient,
        draft: dict[str, Any],
        problem: ProblemOf,
        on: str,
        code: str,
    ) -> None:
        response = await client.post(f"{url_of(draft)}/register", json={"on": on})
        assert problem(response) == (422, code)

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, draft: dict[str, Any], problem: ProblemOf
    ) -> None:
        await client.patch(url_of(draft), json={"product_code": "A"}, headers=IF_FIRST)
        response = await client.post(f"{url_of(draft)}/register", json={}, headers=IF_FIRST)
        assert problem(response) == (412, "version-conflict")

    async def test_several_at_once(
        self, client: httpx.AsyncClient, draft: dict[str, Any], database: Database, tenant: str
    ) -> None:
        answers = await asyncio.gather(
            *(client.post(f"{url_of(draft)}/register", json={}) for _ in range(3))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        codes = {a.json()["code"] for a in answers if a.status_code == 409}
        assert codes == {"product-file-already-registered"}
        assert len(await emitted(database, tenant)) == 1


class TestTenantsAndScopes:
    async def test_another_tenant_finds_nothing(
        self, registered: dict[str, Any], client_for: ClientFor, problem: ProblemOf
    ) -> None:
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        url = url_of(registered)
        for response in (
            await stranger.get(url),
            await stranger.patch(url, json={"warranty_until": FUTURE}, headers=IF_FIRST),
            await stranger.post(f"{url}/register", json={}),
            await stranger.get(f"{url}/parts"),
        ):
            assert problem(response) == (404, "not-found")
        assert (await stranger.get("/v1/product-files")).json()["items"] == []
        body = {"customer_id": registered["customer_id"], "product_name": "UPS"}
        response = await stranger.post("/v1/product-files", json=body)
        assert problem(response) == (422, "unknown-customer")

    async def test_needs_its_scopes(
        self, registered: dict[str, Any], client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        analyst = client_for(tenant, roles=("analyst",))
        assert problem(await analyst.get(url_of(registered))) == (403, "scope-missing")
        agent = client_for(tenant, roles=("service_agent",))
        assert (await agent.get(url_of(registered))).status_code == 200


class TestList:
    async def ids(self, client: httpx.AsyncClient, **query: Any) -> list[str]:
        page = (await client.get("/v1/product-files", params=query)).json()
        return [item["id"] for item in page["items"]]

    async def test_filters(
        self,
        client: httpx.AsyncClient,
        make_file: Make,
        draft: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        other = await make_file(**EVERYTHING, register=True)
        for query in (
            {"customer_id": other["customer_id"]},
            {"serial_number": "GTX26-0728-0041"},
            {"product_code": "GTX-P"},
            {"product_id": other["product_id"]},
            {"number": other["number"]},
            {"registered": True},
        ):
            assert await self.ids(client, **query) == [other["id"]], query
        assert await self.ids(client, registered=False) == [draft["id"]]
        assert set(await self.ids(client, q="gtx pro")) == {draft["id"], other["id"]}
        assert await self.ids(client, q="%") == []
        response = await client.get("/v1/product-files", params={"colour": "red"})
        assert problem(response) == (422, "invalid-request")

    async def test_by_warranty(self, client: httpx.AsyncClient, make_file: Make) -> None:
        yesterday = (today() - timedelta(days=1)).isoformat()
        ended = await make_file(delivered_on="2025-01-01", warranty_until=yesterday)
        running = await make_file(delivered_on="2026-01-01", warranty_until=FUTURE)
        await make_file(delivered_on="2025-01-01")  # none at all: in neither list
        assert await self.ids(client, warranty="in_warranty") == [running["id"]]
        assert await self.ids(client, warranty="expired") == [ended["id"]]
        day = {"as_of": "2025-06-01"}
        assert await self.ids(client, warranty="in_warranty", **day) == [ended["id"]]
        assert await self.ids(client, warranty="expired", **day) == []
        items = (await client.get("/v1/product-files", params={"warranty": "expired"})).json()
        assert items["items"][0]["in_warranty"] is False

    @pytest.mark.parametrize(
        "sort", ["product_name", "-product_name", "warranty_until", "-warranty_until"]
    )
    async def test_pages_show_everything_once_in_order(
        self, client: httpx.AsyncClient, make_file: Make, sort: str
    ) -> None:
        days = (FUTURE, FUTURE, None, "2029-01-01", None)
        made = [
            await make_file(product_name=name, warranty_until=day)
            for name, day in zip("abbbc", days, strict=True)
        ]
        query: dict[str, Any] = {"limit": 2, "sort": sort, "count": "exact"}
        seen: list[str] = []
        page: dict[str, Any] = {}
        for _ in range(3):
            page = (await client.get("/v1/product-files", params=query)).json()
            assert page["count"] == 5
            seen += [item["id"] for item in page["items"]]
            query["cursor"] = page["next_cursor"]
        assert page["next_cursor"] is None
        key = sort.lstrip("-")
        valued = sorted(
            (item for item in made if item[key] is not None), key=lambda i: (i[key], i["id"])
        )
        empty = sorted((item for item in made if item[key] is None), key=lambda i: i["id"])
        step = -1 if sort.startswith("-") else 1
        assert seen == [item["id"] for item in valued[::step] + empty[::step]]

    async def test_takes_the_same_few_queries_however_long(
        self, client: httpx.AsyncClient, make_file: Make, database: Database
    ) -> None:
        for _ in range(3):
            await make_file()
        with count_queries(database) as queries:
            page = (await client.get("/v1/product-files")).json()
        assert len(page["items"]) == 3
        assert len(queries) == 3, queries.statements  # begin, read the page, end
