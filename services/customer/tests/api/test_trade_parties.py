"""Who uses, buys, pays and finally receives, where that is not the customer."""

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
URL = "/v1/trade-parties"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture
async def customer(make_customer: Make) -> str:
    """The customer that trades."""
    return str((await make_customer())["id"])


@pytest.fixture
async def parent(make_customer: Make) -> str:
    """A customer that pays for it."""
    return str((await make_customer(name="母公司"))["id"])


async def name(client: httpx.AsyncClient, customer: str, party: str, **body: Any) -> httpx.Response:
    given = {"customer_id": customer, "party_id": party, "role": "payer"} | body
    return await client.post(URL, json=given)


async def parts(client: httpx.AsyncClient, customer: str) -> dict[str, str]:
    read: dict[str, str] = (await client.get(f"/v1/customers/{customer}/parts")).json()
    return read


class TestParts:
    async def test_all_by_the_customer_until_somebody_else_is_named(
        self, client: httpx.AsyncClient, customer: str, parent: str
    ) -> None:
        roles = ("user", "buyer", "payer", "final_recipient")
        assert await parts(client, customer) == dict.fromkeys(roles, customer)
        await name(client, customer, parent)
        await name(client, customer, parent, role="user", is_default=False)
        assert await parts(client, customer) == dict.fromkeys(roles, customer) | {"payer": parent}

    async def test_the_default_ends_with_the_party(
        self, client: httpx.AsyncClient, customer: str, parent: str
    ) -> None:
        made = (await name(client, customer, parent)).json()
        await client.post(f"{URL}/{made['id']}/end", json={})
        assert (await parts(client, customer))["payer"] == customer

    async def test_of_nobody(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        response = await client.get(f"/v1/customers/{NOBODY}/parts")
        assert problem(response) == (404, "not-found")


class TestCreate:
    async def test_is_told_and_audited(
        self,
        client: httpx.AsyncClient,
        customer: str,
        parent: str,
        database: Database,
        tenant: str,
    ) -> None:
        response = await name(client, customer, parent, started_on="2026-05-06")
        made = response.json()
        assert response.headers["location"] == f"{URL}/{made['id']}"
        assert (made["is_default"], made["started_on"]) == (True, "2026-05-06")
        assert (await client.get(f"{URL}/{made['id']}")).json() == made
        (event,) = await emitted(database, tenant, "customer.trade-party-created.v1")
        assert (event.key, event.sequence, event.data["role"]) == (made["id"], 1, "payer")
        assert (await audited(database, tenant))[-1].action == "trade-party.created"

    async def test_a_new_default_takes_the_place_of_the_former(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        customer: str,
        parent: str,
        database: Database,
        tenant: str,
    ) -> None:
        former = (await name(client, customer, parent)).json()
        bank = (await make_customer(name="租赁公司"))["id"]
        await name(client, customer, bank)
        assert (await parts(client, customer))["payer"] == bank
        assert (await client.get(f"{URL}/{former['id']}")).json()["is_default"] is False
        (event,) = await emitted(database, tenant, "customer.trade-party-changed.v1")
        assert (event.key, event.data["changed"]) == (former["id"], ["is_default"])

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"party_id": NOBODY}, (422, "unknown-party")),
            ({"party_id": "itself"}, (409, "own-trade-party")),
            ({"party_id": "former"}, (409, "customer-has-ended")),
            ({"started_on": "2199-01-01"}, (422, "date-in-future")),
            ({}, (409, "trade-party-taken")),
            ({"role": "king"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        customer: str,
        parent: str,
        problem: ProblemOf,
        body: dict[str, str],
        refusal: tuple[int, str],
    ) -> None:
        await name(client, customer, parent, is_default=False)
        former = (await make_customer())["id"]
        await client.post(f"/v1/customers/{former}/end", json={"reason": "停业"})
        given = {"customer_id": customer, "party_id": parent} | body
        given["party_id"] = {"itself": customer, "former": former}.get(
            given["party_id"], given["party_id"]
        )
        other = {key: given[key] for key in given.keys() - {"customer_id", "party_id"}}
        response = await name(client, given["customer_id"], given["party_id"], **other)
        assert problem(response) == refusal
        assert len((await client.get(URL)).json()["items"]) == 1

    async def test_several_defaults_at_once_leave_one(
        self, client: httpx.AsyncClient, make_customer: Make, customer: str
    ) -> None:
        banks = [(await make_customer())["id"] for _ in range(4)]
        responses = await asyncio.gather(*(name(client, customer, bank) for bank in banks))
        assert {one.status_code for one in responses} == {201}
        query = {"customer_id": customer, "is_default": True}
        assert len((await client.get(URL, params=query)).json()["items"]) == 1

    async def test_two_that_name_each_other_do_not_wait_for_each_other(
        self, client: httpx.AsyncClient, customer: str, parent: str
    ) -> None:
        for role in ("payer", "user", "buyer"):
            responses = await asyncio.gather(
                name(client, customer, parent, role=role), name(client, parent, customer, role=role)
            )
            assert [one.status_code for one in responses] == [201, 201]


class TestChangeAndEnd:
    async def test_the_default_comes_and_goes(
        self, client: httpx.AsyncClient, customer: str, parent: str, problem: ProblemOf
    ) -> None:
        url = f"{URL}/{(await name(client, customer, parent)).json()['id']}"
        none = await client.patch(url, json={"is_default": False}, headers={"If-Match": '"1"'})
        assert (none.json()["is_default"], none.headers["etag"]) == (False, '"2"')
        assert (await parts(client, customer))["payer"] == customer
        again = await client.patch(url, json={"is_default": True}, headers={"If-Match": '"2"'})
        assert again.status_code == 200
        assert (await parts(client, customer))["payer"] == parent
        stale = await client.patch(url, json={"is_default": True}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")

    async def test_what_has_ended(
        self,
        client: httpx.AsyncClient,
        customer: str,
        parent: str,
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        made = (await name(client, customer, parent, started_on="2026-05-06")).json()
        url = f"{URL}/{made['id']}"
        early = await client.post(f"{url}/end", json={"on": "2026-05-05"})
        assert problem(early) == (422, "date-before-previous")
        late = await client.post(f"{url}/end", json={"on": "2199-01-01"})
        assert problem(late) == (422, "date-in-future")
        ended = (await client.post(f"{url}/end", json={"on": "2026-06-30"})).json()
        assert (ended["ended_on"], ended["is_default"]) == ("2026-06-30", False)
        assert len(await emitted(database, tenant, "customer.trade-party-ended.v1")) == 1
        again = await client.post(f"{url}/end", json={})
        assert problem(again) == (409, "trade-party-has-ended")
        change = await client.patch(url, json={"is_default": True}, headers={"If-Match": '"2"'})
        assert problem(change) == (409, "trade-party-has-ended")
        assert (await name(client, customer, parent)).status_code == 201

    async def test_of_a_former_customer(
        self, client: httpx.AsyncClient, customer: str, parent: str, problem: ProblemOf
    ) -> None:
        url = f"{URL}/{(await name(client, customer, parent)).json()['id']}"
        await client.post(f"/v1/customers/{customer}/end", json={"reason": "停业"})
        change = await client.patch(url, json={"is_default": False}, headers={"If-Match": '"1"'})
        assert problem(change) == (409, "customer-has-ended")


class TestList:
    async def test_where_a_customer_pays(
        self, client: httpx.AsyncClient, customer: str, parent: str
    ) -> None:
        paid = (await name(client, customer, parent)).json()
        used = (await name(client, customer, parent, role="user")).json()
        await client.post(f"{URL}/{used['id']}/end", json={})
        for query, expected in (
            ({"party_id": parent}, {paid["id"], used["id"]}),
            ({"party_id": parent, "role": "payer"}, {paid["id"]}),
            ({"customer_id": customer, "current": False}, {used["id"]}),
            ({"customer_id": parent}, set()),
        ):
            items = (await client.get(URL, params=query)).json()["items"]
            assert {one["id"] for one in items} == expected, query

    async def test_pages_take_the_same_few_queries(
        self, client: httpx.AsyncClient, customer: str, parent: str, database: Database
    ) -> None:
        for role in ("user", "buyer", "payer"):
            await name(client, customer, parent, role=role)
        with count_queries(database) as queries:
            page = (await client.get(URL, params={"limit": 2})).json()
        assert len(queries) == 3, queries.statements
        rest = (await client.get(URL, params={"cursor": page["next_cursor"]})).json()
        assert len({one["id"] for one in page["items"] + rest["items"]}) == 3


class TestAccess:
    async def test_another_tenant_and_readers(
        self,
        client: httpx.AsyncClient,
        client_for: ClientFor,
        tenant: str,
        customer: str,
        parent: str,
        problem: ProblemOf,
    ) -> None:
        made = (await name(client, customer, parent)).json()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(f"{URL}/{made['id']}")) == (404, "not-found")
        assert problem(await name(stranger, customer, parent)) == (422, "unknown-customer")
        assert (await stranger.get(URL)).json()["items"] == []
        reader = client_for(tenant, roles=("service_agent",))
        assert (await parts(reader, customer))["payer"] == parent
        assert problem(await name(reader, customer, parent)) == (403, "scope-missing")
