"""Which of us knows whom, and how well."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
URL = "/v1/acquaintances"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture
def make_acquaintance(client: httpx.AsyncClient, make_employee: Make, make_contact: Make) -> Make:
    """Enters that somebody of us knows somebody, new ones unless given."""

    async def make(**fields: Any) -> dict[str, Any]:
        if "employee_id" not in fields:
            fields["employee_id"] = (await make_employee())["id"]
        if "contact_id" not in fields:
            fields["contact_id"] = (await make_contact())["id"]
        response = await client.post(URL, json={"closeness": 2} | fields)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        assert response.headers["location"] == f"{URL}/{made['id']}"
        return made

    return make


async def listed(client: httpx.AsyncClient, **filters: Any) -> list[str]:
    page = await client.get(URL, params=filters)
    assert page.status_code == 200, page.text
    return [item["id"] for item in page.json()["items"]]


class TestWhoKnowsWhom:
    async def test_at_a_customer_the_closest_first(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        make_contact: Make,
        make_acquaintance: Make,
    ) -> None:
        customer = (await make_customer())["id"]
        clerk = (await make_contact(customer_id=customer))["id"]
        director = (await make_contact(customer_id=customer))["id"]
        await make_acquaintance(closeness=4)  # with somebody elsewhere
        met = await make_acquaintance(contact_id=director, closeness=1)
        friend = await make_acquaintance(contact_id=clerk, closeness=4, how="大学同学")
        assert await listed(client, customer_id=customer) == [friend["id"], met["id"]]
        assert await listed(client, customer_id=customer, at_least=2) == [friend["id"]]
        assert await listed(client, contact_id=director) == [met["id"]]
        assert await listed(client, employee_id=met["employee_id"]) == [met["id"]]

    async def test_it_goes_along_when_the_person_changes_employer(
        self, client: httpx.AsyncClient, make_customer: Make, make_acquaintance: Make
    ) -> None:
        made = await make_acquaintance()
        contact = (await client.get(f"/v1/contacts/{made['contact_id']}")).json()
        goal = (await make_customer())["id"]
        await client.post(f"/v1/contacts/{contact['id']}/move", json={"customer_id": goal})
        assert await listed(client, customer_id=contact["customer_id"]) == []
        assert await listed(client, customer_id=goal) == [made["id"]]

    async def test_also_by_a_second_affiliation(
        self, client: httpx.AsyncClient, make_customer: Make, make_acquaintance: Make
    ) -> None:
        made = await make_acquaintance()
        board = (await make_customer())["id"]
        body = {"contact_id": made["contact_id"], "customer_id": board}
        await client.post("/v1/affiliations", json=body)
        assert await listed(client, customer_id=board) == [made["id"]]

    async def test_who_has_left_us_is_none_of_us(
        self, client: httpx.AsyncClient, make_acquaintance: Make
    ) -> None:
        made = await make_acquaintance()
        await client.post(f"/v1/employees/{made['employee_id']}/leave", json={"reason": "退休"})
        assert await listed(client) == []
        assert await listed(client, former_employees=True) == [made["id"]]

    async def test_pages_take_the_same_few_queries(
        self, client: httpx.AsyncClient, make_acquaintance: Make, database: Database
    ) -> None:
        made = [(await make_acquaintance(closeness=level))["id"] for level in (4, 3, 3)]
        with count_queries(database) as queries:
            page = (await client.get(URL, params={"limit": 2})).json()
        assert len(queries) == 3, queries.statements
        first = [one["id"] for one in page["items"]]
        rest = await listed(client, cursor=page["next_cursor"])
        assert first[0] == made[0]
        assert sorted(first + rest) == sorted(made)


class TestCreate:
    async def test_the_world_does_not_hear_how(
        self, make_acquaintance: Make, database: Database, tenant: str
    ) -> None:
        made = await make_acquaintance(closeness=3, how="大学同学", met_on="2004-09-01")
        assert (made["how"], made["met_on"], made["active"]) == ("大学同学", "2004-09-01", True)
        (event,) = await emitted(database, tenant, "customer.acquaintance-created.v1")
        assert (event.key, event.data["closeness"]) == (made["id"], 3)
        assert "同学" not in str(event.data)

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"employee_id": NOBODY}, (422, "unknown-employee")),
            ({"contact_id": NOBODY}, (422, "unknown-contact")),
            ({"met_on": "2199-01-01"}, (422, "date-in-future")),
            ({}, (409, "acquaintance-taken")),
            ({"closeness": 5}, (422, "invalid-request")),
            ({"closeness": 0}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        make_acquaintance: Make,
        problem: ProblemOf,
        body: dict[str, Any],
        refusal: tuple[int, str],
    ) -> None:
        made = await make_acquaintance()
        given = {name: made[name] for name in ("employee_id", "contact_id", "closeness")} | body
        assert problem(await client.post(URL, json=given)) == refusal

    async def test_of_somebody_who_has_left(
        self, client: httpx.AsyncClient, make_acquaintance: Make, problem: ProblemOf
    ) -> None:
        made = await make_acquaintance()
        await client.post(f"/v1/employees/{made['employee_id']}/leave", json={"reason": "退休"})
        given = {name: made[name] for name in ("employee_id", "contact_id", "closeness")}
        assert problem(await client.post(URL, json=given)) == (422, "unknown-employee")

    async def test_the_same_two_at_once(
        self, client: httpx.AsyncClient, make_employee: Make, make_contact: Make
    ) -> None:
        body = {
            "employee_id": (await make_employee())["id"],
            "contact_id": (await make_contact())["id"],
            "closeness": 1,
        }
        responses = await asyncio.gather(*(client.post(URL, json=body) for _ in range(3)))
        assert sorted(one.status_code for one in responses) == [201, 409, 409]


class TestChange:
    async def test_closer_and_over(
        self,
        client: httpx.AsyncClient,
        make_acquaintance: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        made = await make_acquaintance()
        url = f"{URL}/{made['id']}"
        closer = await client.patch(url, json={"closeness": 4}, headers={"If-Match": '"1"'})
        assert (closer.json()["closeness"], closer.headers["etag"]) == (4, '"2"')
        over = await client.patch(url, json={"active": False}, headers={"If-Match": '"2"'})
        assert over.json()["active"] is False
        assert await listed(client) == []
        assert await listed(client, active=False) == [made["id"]]
        told = await emitted(database, tenant, "customer.acquaintance-changed.v1")
        assert [event.data["changed"] for event in told] == [["closeness"], ["active"]]
        stale = await client.patch(url, json={"closeness": 1}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")
        late = await client.patch(url, json={"met_on": "2199-01-01"}, headers={"If-Match": '"3"'})
        assert problem(late) == (422, "date-in-future")


class TestAccess:
    async def test_another_tenant_and_others(
        self, client_for: ClientFor, tenant: str, make_acquaintance: Make, problem: ProblemOf
    ) -> None:
        made = await make_acquaintance()
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(f"{URL}/{made['id']}")) == (404, "not-found")
        assert await listed(stranger) == []
        agent = client_for(tenant, roles=("service_agent",))
        assert problem(await agent.get(URL)) == (403, "scope-missing")
        assert problem(await agent.post(URL, json={})) == (403, "scope-missing")
