"""The contact API, beyond what every resource has in common."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
IF_FIRST = {"If-Match": '"1"'}
CHANGED = "customer.contact-changed.v1"


@pytest.fixture
async def customer(make_customer: Make) -> dict[str, Any]:
    """A customer without contacts."""
    return await make_customer()


async def change(client: httpx.AsyncClient, contact: dict[str, Any], **body: Any) -> httpx.Response:
    current = await client.get(f"/v1/contacts/{contact['id']}")
    headers = {"If-Match": current.headers["etag"]}
    return await client.patch(f"/v1/contacts/{contact['id']}", json=body, headers=headers)


async def primaries(client: httpx.AsyncClient, customer: dict[str, Any]) -> list[str]:
    query = {"customer_id": customer["id"], "is_primary": "true"}
    page = (await client.get("/v1/contacts", params=query)).json()
    return [item["id"] for item in page["items"]]


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, customer: dict[str, Any]
    ) -> None:
        given = {
            "customer_id": customer["id"],
            "external_ref": "lead-7",
            "name": "赵立新",
            "title": "采购总监",
            "buying_role": "decision_maker",
            "phone": "(0512) 6280-0000 x12",
            "mobile": "+86 138 0000 0000",
            "email": "zhao.lixin@example.com",
        }
        response = await client.post("/v1/contacts", json=given)
        body = response.json()
        assert response.headers["location"] == f"/v1/contacts/{body['id']}"
        assert {name: body[name] for name in given} == given
        assert body["active"] is True

    async def test_the_first_is_primary_the_second_is_not(
        self, make_contact: Make, customer: dict[str, Any]
    ) -> None:
        first = await make_contact(customer_id=customer["id"])
        second = await make_contact(customer_id=customer["id"])
        assert (first["is_primary"], second["is_primary"]) == (True, False)

    async def test_a_new_primary_one_takes_the_place_of_the_former(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        former = await make_contact(customer_id=customer["id"])
        new = await make_contact(customer_id=customer["id"], is_primary=True)
        assert await primaries(client, customer) == [new["id"]]
        assert (await client.get(f"/v1/contacts/{former['id']}")).headers["etag"] == '"2"'
        (event,) = await emitted(database, tenant, CHANGED)
        assert (event.key, event.sequence) == (former["id"], 2)
        assert (event.data["is_primary"], event.data["changed"]) == (False, ["is_primary"])
        entries = {(str(e.entity_id), e.action) for e in await audited(database, tenant)}
        assert (former["id"], "contact.made-secondary") in entries
        assert (new["id"], "contact.created") in entries

    async def test_tells_the_world_no_phone_numbers_and_addresses(
        self, make_contact: Make, database: Database, tenant: str
    ) -> None:
        contact = await make_contact(
            phone="051262800000", mobile="13800000000", email="zhao@example.com"
        )
        (event,) = await emitted(database, tenant, "customer.contact-created.v1")
        assert event.key == contact["id"]
        assert event.data == {
            "contact_id": contact["id"], "customer_id": contact["customer_id"],
            "name": contact["name"], "buying_role": None, "is_primary": True, "changed": [],
        }  # fmt: skip

    async def test_of_an_unknown_customer(
        self, client: httpx.AsyncClient, problem: ProblemOf
    ) -> None:
        body = {"customer_id": str(uuid4()), "name": "赵立新"}
        assert problem(await client.post("/v1/contacts", json=body)) == (422, "unknown-customer")

    async def test_of_a_former_customer(
        self, client: httpx.AsyncClient, customer: dict[str, Any], problem: ProblemOf
    ) -> None:
        await client.post(f"/v1/customers/{customer['id']}/end", json={"reason": "公司已注销"})
        body = {"customer_id": customer["id"], "name": "赵立新"}
        assert problem(await client.post("/v1/contacts", json=body)) == (409, "customer-has-ended")

    async def test_with_a_reference_that_is_taken(
        self, client: httpx.AsyncClient, make_contact: Make, problem: ProblemOf
    ) -> None:
        contact = await make_contact(external_ref="lead-7")
        body = {"customer_id": contact["customer_id"], "name": "钱", "external_ref": "lead-7"}
        response = await client.post("/v1/contacts", json=body)
        assert problem(response) == (409, "contact-reference-taken")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "zhao"),
            ("email", "zhao@example"),
            ("email", "a@b@example.com"),
            ("email", "zhao @example.com"),
            ("phone", "call me"),
            ("mobile", "1"),
            ("buying_role", "king"),
            ("is_primary", "perhaps"),
            ("active", False),
        ],
    )
    async def test_with_a_field_that_is_not_valid(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        problem: ProblemOf,
        field: str,
        value: object,
    ) -> None:
        body = {"customer_id": customer["id"], "name": "赵立新", field: value}
        response = await client.post("/v1/contacts", json=body)
        assert problem(response) == (422, "invalid-request")
        assert [error["pointer"] for error in response.json()["errors"]] == [f"/{field}"]


class TestChange:
    async def test_the_phone_number(
        self, client: httpx.AsyncClient, make_contact: Make, database: Database, tenant: str
    ) -> None:
        contact = await make_contact(phone="051262800000")
        response = await change(client, contact, phone=None, mobile="13800000000")
        assert (response.json()["phone"], response.json()["mobile"]) == (None, "13800000000")
        (event,) = await emitted(database, tenant, CHANGED)
        assert event.data["changed"] == ["mobile", "phone"]
        assert "13800000000" not in str(event.data)

    async def test_to_primary(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        former = await make_contact(customer_id=customer["id"])
        other = await make_contact(customer_id=customer["id"])
        response = await change(client, other, is_primary=True, title="总经理")
        assert response.json()["is_primary"] is True
        assert await primaries(client, customer) == [other["id"]]
        told = [(e.key, e.data["changed"]) for e in await emitted(database, tenant, CHANGED)]
        assert told == [(former["id"], ["is_primary"]), (other["id"], ["is_primary", "title"])]

    async def test_the_primary_one_to_primary_changes_nothing(
        self, client: httpx.AsyncClient, make_contact: Make
    ) -> None:
        contact = await make_contact()
        assert (await change(client, contact, is_primary=True)).json() == contact

    async def test_the_primary_one_to_secondary(
        self, client: httpx.AsyncClient, make_contact: Make, problem: ProblemOf
    ) -> None:
        contact = await make_contact()
        response = await change(client, contact, is_primary=False)
        assert problem(response) == (409, "primary-contact-needed")

    async def test_the_primary_one_leaves_while_there_are_others(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        customer: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        primary = await make_contact(customer_id=customer["id"])
        await make_contact(customer_id=customer["id"])
        response = await change(client, primary, active=False)
        assert problem(response) == (409, "primary-contact-needed")

    async def test_the_only_one_leaves_and_comes_back(
        self, client: httpx.AsyncClient, make_contact: Make
    ) -> None:
        contact = await make_contact()
        gone = (await change(client, contact, active=False)).json()
        assert (gone["active"], gone["is_primary"]) == (False, False)
        back = (await change(client, contact, active=True)).json()
        assert (back["active"], back["is_primary"]) == (True, True)

    async def test_an_inactive_one_to_primary(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        customer: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        primary = await make_contact(customer_id=customer["id"])
        other = await make_contact(customer_id=customer["id"])
        await change(client, other, active=False)
        response = await change(client, other, is_primary=True)
        assert problem(response) == (409, "primary-must-be-active")
        assert await primaries(client, customer) == [primary["id"]]

    async def test_after_the_end_of_the_customer(
        self, client: httpx.AsyncClient, make_contact: Make, problem: ProblemOf
    ) -> None:
        contact = await make_contact()
        await client.post(f"/v1/customers/{contact['customer_id']}/end", json={"reason": "无"})
        response = await change(client, contact, name="新")
        assert problem(response) == (409, "customer-has-ended")

    async def test_to_another_customer(
        self, client: httpx.AsyncClient, make_contact: Make, problem: ProblemOf
    ) -> None:
        contact = await make_contact()
        response = await change(client, contact, customer_id=str(uuid4()))
        assert problem(response) == (422, "invalid-request")


class TestList:
    async def test_filters(
        self, client: httpx.AsyncClient, make_contact: Make, customer: dict[str, Any]
    ) -> None:
        await make_contact(name="其他客户的联系人")
        first = await make_contact(customer_id=customer["id"], name="钱")
        wanted = await make_contact(
            customer_id=customer["id"],
            name="赵立新",
            buying_role="handler",
            external_ref="lead-7",
        )
        await change(client, first, active=True)
        by_customer = {"customer_id": customer["id"], "sort": "-name"}
        page = (await client.get("/v1/contacts", params=by_customer)).json()
        assert {item["id"] for item in page["items"]} == {first["id"], wanted["id"]}
        filters = {
            "buying_role": "handler", "external_ref": "lead-7", "q": "立新",
            "is_primary": "false", "active": "true",
        }  # fmt: skip
        for name, value in filters.items():
            query = {"customer_id": customer["id"], "count": "exact", name: value}
            page = (await client.get("/v1/contacts", params=query)).json()
            found = [item["id"] for item in page["items"]]
            assert wanted["id"] in found, name
            assert page["count"] == len(found) == (2 if name == "active" else 1), name
