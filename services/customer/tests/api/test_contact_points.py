"""Phone numbers, e-mail and postal addresses of customers and contacts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
URL = "/v1/contact-points"


@pytest.fixture
async def contact(make_contact: Make) -> dict[str, Any]:
    """A contact without numbers."""
    return await make_contact()


async def change(client: httpx.AsyncClient, point: dict[str, Any], **body: Any) -> httpx.Response:
    current = await client.get(f"{URL}/{point['id']}")
    headers = {"If-Match": current.headers["etag"]}
    return await client.patch(f"{URL}/{point['id']}", json=body, headers=headers)


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    page = await client.get(URL, params=filters)
    assert page.status_code == 200, page.text
    return [item["id"] for item in page.json()["items"]]


class TestCreate:
    async def test_a_number_is_kept_as_typed_and_in_its_one_form(
        self, client: httpx.AsyncClient, contact: dict[str, Any]
    ) -> None:
        body = {"contact_id": contact["id"], "kind": "phone", "value": "(0512) 6280-0000 x12"}
        response = await client.post(URL, json=body)
        made = response.json()
        assert response.headers["location"] == f"{URL}/{made['id']}"
        assert response.headers["etag"] == '"1"'
        expected = {
            "value": "(0512) 6280-0000 x12", "normalised": "+8651262800000", "extension": "12",
            "purpose": "work", "is_primary": True, "active": True, "verified_on": None,
            "customer_id": None,
        }  # fmt: skip
        assert {name: made[name] for name in expected} == expected
        assert (await client.get(f"{URL}/{made['id']}")).json() == made

    async def test_an_address_of_a_customer(
        self, client: httpx.AsyncClient, make_customer: Make, make_point: Make
    ) -> None:
        customer = await make_customer()
        parts = {"country": "CN", "city": "苏州市"}
        made = await make_point(
            customer_id=customer["id"],
            kind="address",
            purpose="delivery",
            value="金鸡湖大道1355号",
            address=parts,
        )
        assert made["address"] == parts | {"province": None, "district": None, "postal_code": None}
        assert await listed(client, customer_id=customer["id"], purpose="delivery") == [made["id"]]

    async def test_the_world_hears_of_it_but_not_what_it_says(
        self, make_point: Make, database: Database, tenant: str
    ) -> None:
        made = await make_point(value="138 0000 0000")
        (event,) = await emitted(database, tenant, "customer.contact-point-created.v1")
        assert (event.key, event.sequence) == (made["id"], 1)
        assert (event.data["kind"], event.data["is_primary"]) == ("mobile", True)
        assert "0000 0000" not in str(event.data)
        assert "00000000" not in str(event.data)
        entries = [entry.action for entry in await audited(database, tenant)]
        assert "contact-point.created" in entries

    async def test_the_contact_shows_the_primary_one(
        self,
        client: httpx.AsyncClient,
        make_point: Make,
        contact: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        await make_point(contact_id=contact["id"], value="138 0000 0000")
        await make_point(contact_id=contact["id"], value="139 0000 0000")
        shown = (await client.get(f"/v1/contacts/{contact['id']}")).json()
        assert (shown["mobile"], shown["version"]) == ("138 0000 0000", 2)
        (event,) = await emitted(database, tenant, "customer.contact-changed.v1")
        assert (event.sequence, event.data["changed"]) == (2, ["mobile"])

    async def test_a_new_primary_one_takes_the_place_of_the_former(
        self, client: httpx.AsyncClient, make_point: Make, contact: dict[str, Any]
    ) -> None:
        former = await make_point(contact_id=contact["id"], value="138 0000 0000")
        new = await make_point(contact_id=contact["id"], value="139 0000 0000", is_primary=True)
        assert await listed(client, contact_id=contact["id"], is_primary=True) == [new["id"]]
        assert (await client.get(f"{URL}/{former['id']}")).json()["version"] == 2
        shown = (await client.get(f"/v1/contacts/{contact['id']}")).json()
        assert shown["mobile"] == "139 0000 0000"

    async def test_the_same_number_written_differently(
        self,
        client: httpx.AsyncClient,
        make_point: Make,
        contact: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        await make_point(contact_id=contact["id"], value="138 0000 0000")
        again = {"contact_id": contact["id"], "kind": "mobile", "value": "+86-13800000000"}
        assert problem(await client.post(URL, json=again)) == (409, "contact-point-taken")
        colleague = await make_point(value="+86-13800000000")
        assert colleague["normalised"] == "+8613800000000"

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"value": "call me"}, 422, "invalid-phone-number"),
            ({"value": "62 800"}, 422, "invalid-phone-number"),
            ({"kind": "email", "value": "zhao@"}, 422, "invalid-email-address"),
            ({"address": {"city": "苏州市"}}, 422, "address-parts-misplaced"),
            ({"customer_id": NOBODY}, 422, "one-party-needed"),
            ({"contact_id": None}, 422, "one-party-needed"),
            ({"contact_id": NOBODY}, 422, "unknown-contact"),
            ({"contact_id": None, "customer_id": NOBODY}, 422, "unknown-customer"),
            ({"kind": "pigeon"}, 422, "invalid-request"),
            ({"value": " "}, 422, "invalid-request"),
            ({"address": {"planet": "Mars"}}, 422, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        contact: dict[str, Any],
        problem: ProblemOf,
        body: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        valid = {"contact_id": contact["id"], "kind": "mobile", "value": "138 0000 0000"}
        assert problem(await client.post(URL, json=valid | body)) == (status, code)

    async def test_of_a_former_customer(
        self, client: httpx.AsyncClient, contact: dict[str, Any], problem: ProblemOf
    ) -> None:
        await client.post(f"/v1/customers/{contact['customer_id']}/end", json={"reason": "注销"})
        for party in ({"contact_id": contact["id"]}, {"customer_id": contact["customer_id"]}):
            body = {"kind": "mobile", "value": "138 0000 0000"} | party
            assert problem(await client.post(URL, json=body)) == (409, "customer-has-ended")

    async def test_two_first_ones_at_once_leave_one_primary(
        self, client: httpx.AsyncClient, make_point: Make, contact: dict[str, Any]
    ) -> None:
        numbers = [f"138 0000 000{n}" for n in range(4)]
        await asyncio.gather(*(make_point(contact_id=contact["id"], value=n) for n in numbers))
        assert len(await listed(client, contact_id=contact["id"], is_primary=True)) == 1


class TestChange:
    async def test_another_number_has_to_be_verified_anew_and_is_shown(
        self, client: httpx.AsyncClient, make_point: Make, contact: dict[str, Any]
    ) -> None:
        point = await make_point(contact_id=contact["id"])
        await client.post(f"{URL}/{point['id']}/verify", json={})
        changed = (await change(client, point, value="139 0000 0000")).json()
        assert (changed["normalised"], changed["verified_on"]) == ("+8613900000000", None)
        shown = (await client.get(f"/v1/contacts/{contact['id']}")).json()
        assert shown["mobile"] == "139 0000 0000"

    async def test_not_used_any_more(
        self, client: httpx.AsyncClient, make_point: Make, contact: dict[str, Any]
    ) -> None:
        point = await make_point(contact_id=contact["id"])
        gone = (await change(client, point, active=False)).json()
        assert (gone["active"], gone["is_primary"]) == (False, False)
        assert (await client.get(f"/v1/contacts/{contact['id']}")).json()["mobile"] is None
        again = await make_point(contact_id=contact["id"])
        assert again["is_primary"] is True

    async def test_the_city_of_an_address(
        self, client: httpx.AsyncClient, make_customer: Make, make_point: Make
    ) -> None:
        customer = await make_customer()
        address = {"kind": "address", "value": "湖东路1号", "address": {"city": "苏州市"}}
        point = await make_point(customer_id=customer["id"], **address)
        changed = (await change(client, point, address={"city": "无锡市"})).json()
        assert (changed["value"], changed["address"]["city"]) == ("湖东路1号", "无锡市")
        bare = (await change(client, point, address=None)).json()
        assert (bare["address"], bare["normalised"]) == (None, "湖东路1号")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"is_primary": False}, "primary-point-needed"),
            ({"active": False}, "primary-point-needed"),
            ({"active": False, "is_primary": True}, "primary-point-needed"),
            ({"value": "139 0000 0000"}, "contact-point-taken"),
            ({"value": "911"}, "invalid-phone-number"),
        ],
    )
    async def test_the_primary_one_while_there_is_another(
        self,
        client: httpx.AsyncClient,
        make_point: Make,
        contact: dict[str, Any],
        problem: ProblemOf,
        body: dict[str, Any],
        code: str,
    ) -> None:
        point = await make_point(contact_id=contact["id"], value="138 0000 0000")
        await make_point(contact_id=contact["id"], value="139 0000 0000")
        assert problem(await change(client, point, **body))[1] == code
        assert (await client.get(f"{URL}/{point['id']}")).json() == point

    async def test_an_unused_one_to_primary(
        self,
        client: httpx.AsyncClient,
        make_point: Make,
        contact: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        first = await make_point(contact_id=contact["id"], value="138 0000 0000")
        second = await make_point(contact_id=contact["id"], value="139 0000 0000")
        await change(client, second, active=False)
        refused = await change(client, second, is_primary=True)
        assert problem(refused) == (409, "primary-point-must-be-active")
        assert await listed(client, contact_id=contact["id"], is_primary=True) == [first["id"]]

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, make_point: Make, problem: ProblemOf
    ) -> None:
        point = await make_point()
        await change(client, point, purpose="private")
        response = await client.patch(
            f"{URL}/{point['id']}", json={"purpose": "other"}, headers={"If-Match": '"1"'}
        )
        assert problem(response) == (412, "version-conflict")


class TestThroughTheContact:
    async def test_numbers_of_a_new_contact_are_points(
        self, client: httpx.AsyncClient, make_contact: Make
    ) -> None:
        made = await make_contact(phone="0512-62800000", email="Zhao@Example.com")
        assert (made["phone"], made["email"]) == ("0512-62800000", "Zhao@Example.com")
        page = (await client.get(URL, params={"contact_id": made["id"]})).json()
        assert {item["kind"]: item["normalised"] for item in page["items"]} == {
            "phone": "+8651262800000", "email": "zhao@example.com"
        }  # fmt: skip

    async def test_a_number_changed_at_the_contact_is_the_same_point(
        self, client: httpx.AsyncClient, make_contact: Make
    ) -> None:
        made = await make_contact(mobile="138 0000 0000")
        patched = await client.patch(
            f"/v1/contacts/{made['id']}", json={"mobile": "139 0000 0000"},
            headers={"If-Match": '"1"'},
        )  # fmt: skip
        assert patched.json()["mobile"] == "139 0000 0000"
        (point,) = (await client.get(URL, params={"contact_id": made["id"]})).json()["items"]
        assert (point["normalised"], point["version"]) == ("+8613900000000", 2)

    async def test_a_number_that_is_none(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        contact: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        body = {"customer_id": (await make_customer())["id"], "name": "赵立新", "mobile": "123"}
        response = await client.post("/v1/contacts", json=body)
        assert problem(response) == (422, "invalid-phone-number")
        response = await client.patch(
            f"/v1/contacts/{contact['id']}", json={"mobile": "123"}, headers={"If-Match": '"1"'}
        )
        assert problem(response) == (422, "invalid-phone-number")


class TestVerify:
    async def test_says_when_and_who(
        self, client: httpx.AsyncClient, make_point: Make, database: Database, tenant: str
    ) -> None:
        point = await make_point()
        response = await client.post(f"{URL}/{point['id']}/verify", json={"on": "2026-11-20"})
        body = response.json()
        assert (body["verified_on"], body["verified_by"]) == ("2026-11-20", "tester")
        (event,) = await emitted(database, tenant, "customer.contact-point-verified.v1")
        assert (event.sequence, event.data["verified_on"]) == (2, "2026-11-20")
        assert await listed(client, verified=True) == [point["id"]]
        assert await listed(client, verified=False) == []

    async def test_in_the_future_or_of_an_unused_one(
        self, client: httpx.AsyncClient, make_point: Make, problem: ProblemOf
    ) -> None:
        point = await make_point()
        response = await client.post(f"{URL}/{point['id']}/verify", json={"on": "2199-01-01"})
        assert problem(response) == (422, "date-in-future")
        await change(client, point, active=False)
        response = await client.post(f"{URL}/{point['id']}/verify", json={})
        assert problem(response) == (409, "contact-point-not-used")


class TestList:
    async def test_whose_number_is_this(self, client: httpx.AsyncClient, make_point: Make) -> None:
        point = await make_point(kind="phone", value="(0512) 6280-0000 x12")
        mail = await make_point(kind="email", value="Zhao@Example.com")
        for typed in ("0512 62800000", "+86-512-6280-0000", "051262800000#12"):
            assert await listed(client, value=typed) == [point["id"]], typed
        assert await listed(client, value="051262800000#13") == []
        assert await listed(client, value="zhao@EXAMPLE.com") == [mail["id"]]

    @pytest.mark.parametrize(
        ("value", "code"), [("x", "invalid-phone-number"), ("@", "invalid-email-address")]
    )
    async def test_by_what_is_no_number(
        self, client: httpx.AsyncClient, problem: ProblemOf, value: str, code: str
    ) -> None:
        assert problem(await client.get(URL, params={"value": value})) == (422, code)

    async def test_pages_take_the_same_few_queries(
        self,
        client: httpx.AsyncClient,
        make_point: Make,
        contact: dict[str, Any],
        database: Database,
    ) -> None:
        made = [
            (await make_point(contact_id=contact["id"], value=f"138 0000 000{n}"))["id"]
            for n in range(3)
        ]
        with count_queries(database) as queries:
            page = (await client.get(URL, params={"limit": 2, "count": "none"})).json()
        assert len(queries) == 3, queries.statements
        assert [item["id"] for item in page["items"]] == made[:2]
        assert await listed(client, cursor=page["next_cursor"]) == made[2:]


class TestAccess:
    async def test_another_tenant_sees_and_changes_nothing(
        self, client_for: ClientFor, make_point: Make, problem: ProblemOf
    ) -> None:
        point = await make_point()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(f"{URL}/{point['id']}")) == (404, "not-found")
        response = await stranger.post(f"{URL}/{point['id']}/verify", json={})
        assert problem(response) == (404, "not-found")
        assert await listed(stranger, value="13800000000") == []

    async def test_reading_does_not_allow_writing(
        self, client_for: ClientFor, tenant: str, make_point: Make, problem: ProblemOf
    ) -> None:
        reader = client_for(tenant, roles=("service_agent",))
        point = await make_point()
        assert (await reader.get(f"{URL}/{point['id']}")).status_code == 200
        for url in (URL, f"{URL}/{point['id']}/verify"):
            assert problem(await reader.post(url, json={})) == (403, "scope-missing")
