"""A person and the customers it works for over time: moves, returns, boards, retirement."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from kehu_customer.affiliations.models import Affiliation
from kehu_customer.contacts.models import Contact
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted
from kehu_kernel.testing.plugin import ClientFor

NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
URL = "/v1/affiliations"
Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


@pytest.fixture
async def hotel_a(make_customer: Make) -> str:
    """A hotel chain."""
    return str((await make_customer(name="甲酒店集团"))["id"])


@pytest.fixture
async def hotel_b(make_customer: Make) -> str:
    """Another one."""
    return str((await make_customer(name="乙酒店集团"))["id"])


@pytest.fixture
async def seller(make_contact: Make, hotel_a: str) -> dict[str, Any]:
    """A person at the first hotel chain since 1 March."""
    return await make_contact(
        customer_id=hotel_a, title="销售经理", buying_role="handler", started_on="2026-03-01"
    )


async def act(client: httpx.AsyncClient, contact: dict[str, Any], what: str, **body: Any) -> Any:
    return await client.post(f"/v1/contacts/{contact['id']}/{what}", json=body)


async def career(client: httpx.AsyncClient, contact: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"contact_id": contact["id"], "sort": "started_on"}
    items: list[dict[str, Any]] = (await client.get(URL, params=query)).json()["items"]
    return items


class TestMove:
    async def test_ends_one_affiliation_and_starts_another(
        self,
        client: httpx.AsyncClient,
        seller: dict[str, Any],
        hotel_a: str,
        hotel_b: str,
        database: Database,
        tenant: str,
    ) -> None:
        response = await act(
            client, seller, "move",
            customer_id=hotel_b, on="2026-05-06", title="总监", reason="跳槽",
        )  # fmt: skip
        moved = response.json()
        assert response.headers["etag"] == '"2"'
        assert (moved["customer_id"], moved["title"], moved["buying_role"]) == (
            hotel_b, "总监", None
        )  # fmt: skip
        assert (moved["is_primary"], moved["active"]) == (True, True)
        places = [
            (one["customer_id"], one["title"], one["buying_role"], one["started_on"],
             one["ended_on"], one["end_reason"])
            for one in await career(client, seller)
        ]  # fmt: skip
        assert places == [
            (hotel_a, "销售经理", "handler", "2026-03-01", "2026-05-06", "跳槽"),
            (hotel_b, "总监", None, "2026-05-06", None, None),
        ]
        (event,) = await emitted(database, tenant, "customer.contact-moved.v1")
        assert (event.key, event.sequence) == (seller["id"], 2)
        told = {
            name: event.data[name] for name in ("customer_id", "previous_customer_id", "moved_on")
        }
        assert told == {
            "customer_id": hotel_b, "previous_customer_id": hotel_a, "moved_on": "2026-05-06"
        }  # fmt: skip
        for fact in ("ended", "started"):
            assert await emitted(database, tenant, f"customer.affiliation-{fact}.v1")
        assert "contact.moved" in {entry.action for entry in await audited(database, tenant)}

    async def test_and_back_again(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_a: str, hotel_b: str
    ) -> None:
        await act(client, seller, "move", customer_id=hotel_b, on="2026-05-06")
        back = await act(client, seller, "move", customer_id=hotel_a, on="2026-05-06")
        assert back.json()["customer_id"] == hotel_a
        customers = [one["customer_id"] for one in await career(client, seller)]
        assert sorted(customers) == sorted([hotel_a, hotel_b, hotel_a])
        query = {"customer_id": hotel_a, "current": True}
        (there,) = (await client.get(URL, params=query)).json()["items"]
        assert there["contact_id"] == seller["id"]

    async def test_numbers_go_along(
        self, client: httpx.AsyncClient, make_point: Make, seller: dict[str, Any], hotel_b: str
    ) -> None:
        await make_point(contact_id=seller["id"])
        moved = (await act(client, seller, "move", customer_id=hotel_b)).json()
        assert moved["mobile"] == "138 0000 0000"

    async def test_the_primary_one_while_there_are_others(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        seller: dict[str, Any],
        hotel_a: str,
        hotel_b: str,
        problem: ProblemOf,
    ) -> None:
        other = await make_contact(customer_id=hotel_a)
        refused = await act(client, seller, "move", customer_id=hotel_b)
        assert problem(refused) == (409, "primary-contact-needed")
        assert (await act(client, other, "move", customer_id=hotel_b)).status_code == 200
        assert (await client.get(f"/v1/contacts/{seller['id']}")).json() == seller

    async def test_away_from_a_customer_that_is_former(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        seller: dict[str, Any],
        hotel_a: str,
        hotel_b: str,
    ) -> None:
        await make_contact(customer_id=hotel_a)
        await client.post(f"/v1/customers/{hotel_a}/end", json={"reason": "停业"})
        moved = await act(client, seller, "move", customer_id=hotel_b)
        assert moved.json()["customer_id"] == hotel_b

    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"on": "2199-01-01"}, (422, "date-in-future")),
            ({"on": "2026-02-28"}, (422, "date-before-previous")),
            ({"customer_id": "a"}, (409, "already-at-customer")),
            ({"customer_id": "former"}, (409, "customer-has-ended")),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        seller: dict[str, Any],
        hotel_a: str,
        hotel_b: str,
        problem: ProblemOf,
        body: dict[str, str],
        refusal: tuple[int, str],
    ) -> None:
        former = (await make_customer())["id"]
        await client.post(f"/v1/customers/{former}/end", json={"reason": "停业"})
        given = {"customer_id": hotel_b} | body
        given["customer_id"] = {"a": hotel_a, "former": former}.get(
            given["customer_id"], given["customer_id"]
        )
        assert problem(await act(client, seller, "move", **given)) == refusal
        assert (await client.get(f"/v1/contacts/{seller['id']}")).json() == seller
        assert len(await career(client, seller)) == 1

    async def test_twice_at_once_happens_once_for_a_version(
        self, client: httpx.AsyncClient, make_customer: Make, seller: dict[str, Any]
    ) -> None:
        goals = [(await make_customer())["id"] for _ in range(3)]
        url = f"/v1/contacts/{seller['id']}/move"
        responses = await asyncio.gather(
            *(
                client.post(url, json={"customer_id": goal}, headers={"If-Match": '"1"'})
                for goal in goals
            )
        )
        codes = sorted(one.status_code for one in responses)
        assert codes[0] == 200
        assert set(codes[1:]) <= {409, 412}
        assert len(await career(client, seller)) == 2

    async def test_two_who_change_places_do_not_wait_for_each_other(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        seller: dict[str, Any],
        hotel_a: str,
        hotel_b: str,
    ) -> None:
        other = await make_contact(customer_id=hotel_b)
        responses = await asyncio.gather(
            act(client, seller, "move", customer_id=hotel_b),
            act(client, other, "move", customer_id=hotel_a),
        )
        assert [one.status_code for one in responses] in ([200, 200], [200, 409], [409, 200])
        refusals = {one.json()["code"] for one in responses if one.status_code != 200}
        assert refusals <= {"primary-contact-needed"}  # never a deadlock

    async def test_random_careers_never_overlap_and_are_where_the_contact_is(
        self, client: httpx.AsyncClient, make_customer: Make, make_contact: Make
    ) -> None:
        random = Random(20261122)  # noqa: S311 - the same careers each time
        customers = [(await make_customer())["id"] for _ in range(3)]
        contact = await make_contact(customer_id=customers[0], started_on="2020-01-01")
        day = date(2020, 1, 1)
        for _ in range(25):
            day += timedelta(days=random.choice([-3, 0, 1, 200]))
            if random.random() < 0.3:
                await act(client, contact, "leave", reason="离职", on=day.isoformat())
            else:
                goal = random.choice(customers)
                await act(client, contact, "move", customer_id=goal, on=day.isoformat())
        now = (await client.get(f"/v1/contacts/{contact['id']}")).json()
        places = await career(client, contact)
        assert len(places) > 8
        last = [one for one in places if one["ended_on"] is None]
        assert [one["customer_id"] for one in last] == [now["customer_id"]] * now["active"]
        spans = sorted((one["started_on"], one["ended_on"] or "9999-12-31") for one in places)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))


class TestLeave:
    async def test_into_retirement_and_back(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_a: str
    ) -> None:
        gone = (await act(client, seller, "leave", reason="退休", on="2026-05-06")).json()
        assert (gone["active"], gone["is_primary"], gone["customer_id"]) == (False, False, hotel_a)
        (place,) = await career(client, seller)
        assert (place["ended_on"], place["end_reason"]) == ("2026-05-06", "退休")
        back = await act(client, seller, "move", customer_id=hotel_a, on="2026-08-01")
        assert (back.json()["active"], back.json()["is_primary"]) == (True, True)
        assert [one["ended_on"] for one in await career(client, seller)] == ["2026-05-06", None]

    async def test_who_has_left_is_not_simply_active_again(
        self, client: httpx.AsyncClient, seller: dict[str, Any], problem: ProblemOf
    ) -> None:
        await act(client, seller, "leave", reason="退休")
        url = f"/v1/contacts/{seller['id']}"
        active = await client.patch(url, json={"active": True}, headers={"If-Match": '"2"'})
        assert problem(active) == (409, "contact-has-left")
        assert problem(await act(client, seller, "leave", reason="又")) == (409, "contact-has-left")

    async def test_back_before_leaving(
        self,
        client: httpx.AsyncClient,
        seller: dict[str, Any],
        hotel_a: str,
        problem: ProblemOf,
    ) -> None:
        await act(client, seller, "leave", reason="退休", on="2026-05-06")
        early = await act(client, seller, "move", customer_id=hotel_a, on="2026-05-05")
        assert problem(early) == (422, "date-before-previous")

    async def test_elsewhere_before_leaving(
        self,
        client: httpx.AsyncClient,
        make_customer: Make,
        seller: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        await act(client, seller, "leave", reason="退休", on="2026-05-06")
        other = (await make_customer())["id"]
        early = await act(client, seller, "move", customer_id=other, on="2026-01-10")
        assert problem(early) == (422, "date-before-previous")
        assert (await act(client, seller, "move", customer_id=other, on="2026-05-06")).is_success

    async def test_the_primary_one_while_there_are_others(
        self,
        client: httpx.AsyncClient,
        make_contact: Make,
        seller: dict[str, Any],
        hotel_a: str,
        problem: ProblemOf,
    ) -> None:
        await make_contact(customer_id=hotel_a)
        refused = await act(client, seller, "leave", reason="退休")
        assert problem(refused) == (409, "primary-contact-needed")


class TestMainAffiliation:
    async def test_follows_what_the_contact_says(
        self, client: httpx.AsyncClient, seller: dict[str, Any], database: Database, tenant: str
    ) -> None:
        url = f"/v1/contacts/{seller['id']}"
        body = {"title": "副总裁", "department": "市场部", "name": "孙悦"}
        await client.patch(url, json=body, headers={"If-Match": '"1"'})
        (place,) = await career(client, seller)
        assert (place["title"], place["department"], place["version"]) == ("副总裁", "市场部", 2)
        (event,) = await emitted(database, tenant, "customer.affiliation-changed.v1")
        assert (event.key, event.data["changed"]) == (place["id"], ["department", "title"])

    async def test_cannot_be_changed_or_ended_by_itself(
        self, client: httpx.AsyncClient, seller: dict[str, Any], problem: ProblemOf
    ) -> None:
        (place,) = await career(client, seller)
        url = f"{URL}/{place['id']}"
        changed = await client.patch(url, json={"title": "王"}, headers={"If-Match": '"1"'})
        assert problem(changed) == (409, "main-affiliation")
        assert problem(await client.post(f"{url}/end", json={})) == (409, "main-affiliation")

    async def test_of_a_contact_that_an_older_version_entered(
        self,
        client: httpx.AsyncClient,
        seller: dict[str, Any],
        hotel_b: str,
        database: Database,
        context: Context,
    ) -> None:
        old = Contact(
            customer_id=seller["customer_id"], name="王工", is_primary=False, active=True,
            title="工程师",
        )  # fmt: skip
        old.version, old.created_at, old.updated_at = 1, context.now, context.now
        async with database.transaction(context) as session:
            session.add(old)
        moved = await client.post(f"/v1/contacts/{old.id}/move", json={"customer_id": hotel_b})
        assert moved.status_code == 200, moved.text
        first, second = await career(client, {"id": str(old.id)})
        assert {first["title"], second["title"]} == {"工程师", None}


class TestSecondAffiliation:
    @pytest.fixture
    async def board(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_b: str
    ) -> dict[str, Any]:
        """A seat on the board of the second hotel chain."""
        body = {
            "contact_id": seller["id"], "customer_id": hotel_b, "title": "董事",
            "started_on": "2026-04-01",
        }  # fmt: skip
        response = await client.post(URL, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        assert response.headers["location"] == f"{URL}/{made['id']}"
        return made

    async def test_beside_the_main_one(
        self,
        client: httpx.AsyncClient,
        seller: dict[str, Any],
        board: dict[str, Any],
        hotel_a: str,
    ) -> None:
        assert board["is_main"] is False
        assert len(await career(client, seller)) == 2
        contact = (await client.get(f"/v1/contacts/{seller['id']}")).json()
        assert contact["customer_id"] == hotel_a
        read = await client.get(f"{URL}/{board['id']}")
        assert (read.json(), read.headers["etag"]) == (board, '"1"')

    async def test_changes_and_ends(
        self,
        client: httpx.AsyncClient,
        board: dict[str, Any],
        problem: ProblemOf,
        database: Database,
        tenant: str,
    ) -> None:
        url = f"{URL}/{board['id']}"
        changed = await client.patch(url, json={"title": "董事长"}, headers={"If-Match": '"1"'})
        assert (changed.json()["title"], changed.json()["version"]) == ("董事长", 2)
        stale = await client.patch(url, json={"title": "王"}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "version-conflict")
        early = await client.post(f"{url}/end", json={"on": "2026-03-31"})
        assert problem(early) == (422, "date-before-previous")
        ended = await client.post(f"{url}/end", json={"on": "2026-05-06", "reason": "届满"})
        assert (ended.json()["ended_on"], ended.json()["end_reason"]) == ("2026-05-06", "届满")
        assert len(await emitted(database, tenant, "customer.affiliation-ended.v1")) == 1
        again = await client.post(f"{url}/end", json={})
        assert problem(again) == (409, "affiliation-has-ended")
        late = await client.patch(url, json={"title": "王"}, headers={"If-Match": '"3"'})
        assert problem(late) == (409, "affiliation-has-ended")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"contact_id": NOBODY}, 422, "unknown-contact"),
            ({"customer_id": NOBODY}, 422, "unknown-customer"),
            ({"started_on": "2199-01-01"}, 422, "date-in-future"),
            ({"started_on": "2026-06-01"}, 409, "affiliations-overlap"),
            ({"started_on": "2025-06-01"}, 409, "affiliations-overlap"),
            ({"buying_role": "king"}, 422, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        client: httpx.AsyncClient,
        board: dict[str, Any],
        problem: ProblemOf,
        body: dict[str, str],
        status: int,
        code: str,
    ) -> None:
        given = {name: board[name] for name in ("contact_id", "customer_id", "started_on")} | body
        assert problem(await client.post(URL, json=given)) == (status, code)

    async def test_with_a_customer_that_is_former(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_b: str, problem: ProblemOf
    ) -> None:
        await client.post(f"/v1/customers/{hotel_b}/end", json={"reason": "停业"})
        body = {"contact_id": seller["id"], "customer_id": hotel_b}
        assert problem(await client.post(URL, json=body)) == (409, "customer-has-ended")

    async def test_two_at_once_leave_one(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_b: str
    ) -> None:
        body = {"contact_id": seller["id"], "customer_id": hotel_b}
        responses = await asyncio.gather(*(client.post(URL, json=body) for _ in range(4)))
        assert sorted(one.status_code for one in responses) == [201, 409, 409, 409]

    async def test_the_database_itself_admits_no_overlap(
        self, board: dict[str, Any], database: Database, context: Context
    ) -> None:
        again = Affiliation(
            contact_id=board["contact_id"], customer_id=board["customer_id"], is_main=False,
            started_on=date(2026, 5, 1), ended_on=date(2026, 5, 2), version=1,
            created_at=context.now, updated_at=context.now,
        )  # fmt: skip
        with pytest.raises(Exception, match="ex_affiliations_overlap"):
            async with database.transaction(context) as session:
                session.add(again)
        async with database.transaction(context) as session:
            count = await session.scalar(text("SELECT count(*) FROM affiliations"))
        assert count == 2


class TestList:
    async def test_who_was_where_on_a_day(
        self, client: httpx.AsyncClient, seller: dict[str, Any], hotel_a: str, hotel_b: str
    ) -> None:
        await act(client, seller, "move", customer_id=hotel_b, on="2026-05-06")
        for day, where in (
            ("2026-02-28", None),
            ("2026-03-01", hotel_a),
            ("2026-05-05", hotel_a),
            ("2026-05-06", hotel_b),
        ):
            query = {"contact_id": seller["id"], "on": day}
            items = (await client.get(URL, params=query)).json()["items"]
            assert [one["customer_id"] for one in items] == ([where] if where else []), day

    async def test_pages_take_the_same_few_queries(
        self, client: httpx.AsyncClient, make_contact: Make, hotel_a: str, database: Database
    ) -> None:
        made = [(await make_contact(customer_id=hotel_a))["id"] for _ in range(3)]
        query: dict[str, Any] = {"customer_id": hotel_a, "limit": 2, "count": "exact"}
        with count_queries(database) as queries:
            page = (await client.get(URL, params=query)).json()
        assert len(queries) == 4, queries.statements  # begin, the page, the count, end
        rest = (await client.get(URL, params=query | {"cursor": page["next_cursor"]})).json()
        assert page["count"] == 3
        seen = [one["contact_id"] for one in page["items"] + rest["items"]]
        assert sorted(seen) == sorted(made)


class TestAccess:
    async def test_another_tenant_sees_and_changes_nothing(
        self,
        client_for: ClientFor,
        client: httpx.AsyncClient,
        seller: dict[str, Any],
        hotel_b: str,
        problem: ProblemOf,
    ) -> None:
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        (place,) = await career(client, seller)
        assert problem(await stranger.get(f"{URL}/{place['id']}")) == (404, "not-found")
        assert (await stranger.get(URL)).json()["items"] == []
        refused = await act(stranger, seller, "move", customer_id=hotel_b)
        assert problem(refused) == (422, "unknown-customer")
        assert problem(await act(stranger, seller, "leave", reason="无")) == (404, "not-found")

    async def test_reading_does_not_allow_writing(
        self, client_for: ClientFor, tenant: str, seller: dict[str, Any], problem: ProblemOf
    ) -> None:
        reader = client_for(tenant, roles=("service_agent",))
        assert (await reader.get(URL)).status_code == 200
        for url in (URL, f"{URL}/{NOBODY}/end", f"/v1/contacts/{seller['id']}/move"):
            assert problem(await reader.post(url, json={})) == (403, "scope-missing")
