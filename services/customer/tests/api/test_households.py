"""Households: persons who live and decide together."""

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
URL = "/v1/households"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture
async def household(client: httpx.AsyncClient) -> dict[str, Any]:
    """A household without members."""
    response = await client.post(URL, json={"name": "张敏一家"})
    made: dict[str, Any] = response.json()
    assert response.headers["location"] == f"{URL}/{made['id']}"
    return made


@pytest.fixture
async def person(make_customer: Make) -> str:
    """A customer who is a person."""
    return str((await make_customer(kind="person", name="张敏"))["id"])


async def act(client: httpx.AsyncClient, where: dict[str, Any], what: str, **body: Any) -> Any:
    return await client.post(f"{URL}/{where['id']}/{what}", json=body)


class TestMembers:
    async def test_a_merged_record_cannot_join(
        self, client: httpx.AsyncClient, make_customer: Make, household: dict[str, Any],
        person: str, problem: ProblemOf,
    ) -> None:  # fmt: skip
        survivor = (await make_customer(kind="person"))["id"]
        body = {"survivor_id": survivor, "merged_ids": [person]}
        assert (await client.post("/v1/merges", json=body)).status_code == 201
        response = await act(client, household, "join", customer_id=person, relation="head")
        assert problem(response) == (409, "customer-merged")

    async def test_members_leave_and_join_while_they_are_merged(
        self, client: httpx.AsyncClient, make_customer: Make, household: dict[str, Any]
    ) -> None:
        for _ in range(5):
            one, other, new = [(await make_customer(kind="person"))["id"] for _ in range(3)]
            await act(client, household, "join", customer_id=other, relation="child")
            answers = await asyncio.gather(
                client.post("/v1/merges", json={"survivor_id": one, "merged_ids": [other, new]}),
                act(client, household, "leave", customer_id=other),
                act(client, household, "join", customer_id=new, relation="child"),
            )
            assert answers[0].status_code == 201, answers[0].text
            assert {answer.status_code for answer in answers[1:]} <= {200, 409, 422}

    async def test_a_customer_and_a_contact_join_and_one_leaves(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        household: dict[str, Any],
        person: str,
        database: Database,
        tenant: str,
    ) -> None:
        contact = (await make_contact())["id"]
        joined = {"relation": "head", "on": "2026-05-06"}
        await act(client, household, "join", customer_id=person, **joined)
        response = await act(
            client, household, "join", contact_id=contact, relation="spouse", on="2026-05-07"
        )
        head = {
            "customer_id": person, "contact_id": None, "relation": "head", "joined_on": "2026-05-06"
        }  # fmt: skip
        spouse = {
            "customer_id": None, "contact_id": contact, "relation": "spouse",
            "joined_on": "2026-05-07",
        }  # fmt: skip
        assert response.json()["members"] == [head, spouse]
        assert response.headers["etag"] == '"3"'
        left = await act(client, household, "leave", customer_id=person, on="2026-06-01")
        assert left.json()["members"] == [spouse]
        assert (await client.get(f"{URL}/{household['id']}")).json() == left.json()
        told = await emitted(database, tenant, "customer.household-changed.v1")
        assert [(e.sequence, len(e.data["members"])) for e in told] == [(2, 1), (3, 2), (4, 1)]
        assert told[0].data["changed"] == ["members"]
        actions = [entry.action for entry in await audited(database, tenant)]
        assert actions[-1] == "household.member-left"

    async def test_who_has_left_may_join_another(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str, problem: ProblemOf
    ) -> None:
        other = (await client.post(URL, json={"name": "李雷一家"})).json()
        await act(client, household, "join", customer_id=person, relation="head")
        refused = await act(client, other, "join", customer_id=person, relation="spouse")
        assert problem(refused) == (409, "in-household-already")
        await act(client, household, "leave", customer_id=person)
        assert (
            await act(client, other, "join", customer_id=person, relation="spouse")
        ).status_code == 200

    async def test_two_heads(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        household: dict[str, Any],
        person: str,
        problem: ProblemOf,
    ) -> None:
        await act(client, household, "join", customer_id=person, relation="head")
        other = (await make_customer(kind="person"))["id"]
        refused = await act(client, household, "join", customer_id=other, relation="head")
        assert problem(refused) == (409, "household-head-taken")

    async def test_joining_two_households_at_once(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str
    ) -> None:
        others = [(await client.post(URL, json={"name": f"家庭{n}"})).json() for n in range(3)]
        responses = await asyncio.gather(
            *(
                act(client, one, "join", customer_id=person, relation="head")
                for one in (household, *others)
            )
        )
        assert sorted(one.status_code for one in responses) == [200, 409, 409, 409]

    @pytest.mark.parametrize(
        ("what", "body", "refusal"),
        [
            ("join", {}, (422, "one-party-needed")),
            ("join", {"customer_id": NOBODY, "contact_id": NOBODY}, (422, "one-party-needed")),
            ("join", {"customer_id": NOBODY}, (422, "unknown-customer")),
            ("join", {"contact_id": NOBODY}, (422, "unknown-contact")),
            ("join", {"customer_id": "company"}, (422, "not-a-person")),
            ("join", {"customer_id": "person", "on": "2199-01-01"}, (422, "date-in-future")),
            ("join", {"customer_id": "person", "relation": "cat"}, (422, "invalid-request")),
            ("leave", {}, (422, "one-party-needed")),
            ("leave", {"customer_id": "person"}, (409, "not-in-household")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        household: dict[str, Any],
        person: str,
        problem: ProblemOf,
        what: str,
        body: dict[str, str],
        refusal: tuple[int, str],
    ) -> None:
        known = {"person": person, "company": (await make_customer())["id"]}
        given = {"relation": "other"} if what == "join" else {}
        given |= {key: known.get(value, value) for key, value in body.items()}
        assert problem(await act(client, household, what, **given)) == refusal
        assert (await client.get(f"{URL}/{household['id']}")).json() == household

    async def test_leaving_before_joining(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str, problem: ProblemOf
    ) -> None:
        joined = {"relation": "head", "on": "2026-05-06"}
        await act(client, household, "join", customer_id=person, **joined)
        early = await act(client, household, "leave", customer_id=person, on="2026-05-05")
        assert problem(early) == (422, "date-before-previous")

    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str, problem: ProblemOf
    ) -> None:
        await act(client, household, "join", customer_id=person, relation="head")
        body = {"customer_id": person}
        stale = await client.post(
            f"{URL}/{household['id']}/leave", json=body, headers={"If-Match": '"1"'}
        )
        assert problem(stale) == (412, "version-conflict")


class TestRenameAndList:
    async def test_rename(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str
    ) -> None:
        await act(client, household, "join", customer_id=person, relation="head")
        url = f"{URL}/{household['id']}"
        renamed = await client.patch(url, json={"name": "张家"}, headers={"If-Match": '"2"'})
        assert (renamed.json()["name"], len(renamed.json()["members"])) == ("张家", 1)

    async def test_the_household_of_a_person_and_all_in_the_same_few_queries(
        self, client: httpx.AsyncClient, household: dict[str, Any], person: str, database: Database
    ) -> None:
        await act(client, household, "join", customer_id=person, relation="head")
        for n in range(2):
            await client.post(URL, json={"name": f"家庭{n}"})
        (found,) = (await client.get(URL, params={"customer_id": person})).json()["items"]
        assert (found["id"], len(found["members"])) == (household["id"], 1)
        assert (await client.get(URL, params={"q": "张敏"})).json()["items"] == [found]
        with count_queries(database) as queries:
            page = (await client.get(URL)).json()
        assert len(page["items"]) == 3
        assert len(queries) == 4, queries.statements  # begin, the page, its members, end
        assert (await client.get(URL, params={"contact_id": NOBODY})).json()["items"] == []


class TestAccess:
    async def test_another_tenant_and_readers(
        self,
        client_for: ClientFor,
        tenant: str,
        household: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(f"{URL}/{household['id']}")) == (404, "not-found")
        refused = await act(stranger, household, "leave", customer_id=NOBODY)
        assert problem(refused) == (404, "not-found")
        agent = client_for(tenant, roles=("service_agent",))
        assert problem(await agent.post(URL, json={"name": "x"})) == (403, "scope-missing")
