"""Classifying customers: by hand with a reason, with full history."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, count_queries, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
Classify = Callable[..., Awaitable[httpx.Response]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
NOBODY = "019364c2-7d5e-7000-8000-00000000ffff"
PATH, SCHEMES = "/v1/classifications", "/v1/classification-schemes"
CLASSIFIED = "customer.customer-classified.v1"
REMOVED = "customer.customer-class-removed.v1"


async def history(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    page = await client.get(PATH, params={"sort": "created_at"} | filters)
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def classes_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> list[str]:
    found = await history(client, customer_id=customer["id"], current="true")
    return [one["class_code"] for one in found]


class TestByHand:
    async def test_is_recorded_with_reason_and_author_and_told(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        response = await classify(effective_at="2026-03-01T00:00:00+08:00")
        body = response.json()
        assert response.status_code == 201, body
        assert response.headers["location"] == f"{PATH}/{body['id']}"
        assert body["reason"] == "战略合作"
        assert (body["manner"], body["assigned_by"]) == ("hand", "tester")
        assert (body["effective_at"], body["ended_at"]) == ("2026-02-28T16:00:00Z", None)
        assert (await client.get(f"{PATH}/{body['id']}")).json() == body
        (event,) = await emitted(database, tenant, CLASSIFIED)
        assert (event.key, event.sequence) == (body["id"], 1)
        assert (event.data["customer_id"], event.data["class_code"]) == (customer["id"], "key")
        assert (await audited(database, tenant))[-1].action == "classification.created"

    async def test_another_class_ends_the_present_one(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        await classify("key", effective_at="2026-03-01T00:00:00Z")
        await classify("general", effective_at="2026-05-01T00:00:00Z", reason="订单减少")
        before, now = await history(client, customer_id=customer["id"])
        assert (before["class_code"], now["class_code"]) == ("key", "general")
        assert before["ended_at"] == now["effective_at"] == "2026-05-01T00:00:00Z"
        assert (before["ended_by"], before["end_reason"]) == ("tester", None)
        (event,) = await emitted(database, tenant, REMOVED)
        assert (event.key, event.sequence) == (before["id"], 2)
        assert event.data["next_class_code"] == "general"

    async def test_classes_of_several_schemes_at_once(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        make_scheme: Make,
    ) -> None:
        await classify("key")
        await classify("general", scheme_id=(await make_scheme())["id"])
        assert sorted(await classes_of(client, customer)) == ["general", "key"]

    async def test_twice_into_the_same_class(self, classify: Classify, problem: ProblemOf) -> None:
        await classify()
        assert problem(await classify()) == (409, "already-in-class")

    @pytest.mark.parametrize(
        ("fields", "answer"),
        [
            ({"customer_id": NOBODY}, (422, "unknown-customer")),
            ({"scheme_id": NOBODY}, (422, "unknown-scheme")),
            ({"class_code": "nothing"}, (422, "unknown-class")),
            ({"effective_at": "2999-01-01T00:00:00Z"}, (422, "effective-in-future")),
            ({"effective_at": 0}, (422, "invalid-request")),
            ({"effective_at": "0001-01-01T00:00:00+14:00"}, (422, "invalid-request")),
            ({"effective_at": "2026-03-01T00:00:00"}, (422, "invalid-request")),
            ({"reason": ""}, (422, "invalid-request")),
            ({"reason": None}, (422, "invalid-request")),
            ({"manner": "rule"}, (422, "invalid-request")),
        ],
    )
    async def test_refused(
        self,
        classify: Classify,
        problem: ProblemOf,
        fields: dict[str, Any],
        answer: tuple[int, str],
    ) -> None:
        assert problem(await classify(**fields)) == answer

    async def test_before_the_present_class_began(
        self, classify: Classify, problem: ProblemOf
    ) -> None:
        await classify("key", effective_at="2026-03-02T00:00:00Z")
        response = await classify("general", effective_at="2026-03-01T00:00:00Z")
        assert problem(response) == (422, "effective-too-early")

    async def test_before_the_last_class_was_left(
        self, client: httpx.AsyncClient, classify: Classify, problem: ProblemOf
    ) -> None:
        first = (await classify("key", effective_at="2026-01-01T00:00:00Z")).json()
        left = {"reason": "订单减少", "effective_at": "2026-03-01T00:00:00Z"}
        assert (await client.post(f"{PATH}/{first['id']}/remove", json=left)).is_success
        early = await classify("general", effective_at="2026-02-01T00:00:00Z")
        assert problem(early) == (422, "effective-too-early")
        assert (await classify("general", effective_at="2026-03-01T00:00:00Z")).is_success

    async def test_what_is_retired(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        scheme: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        url = f"{SCHEMES}/{scheme['id']}"
        key, general = scheme["classes"]
        classes = [key | {"active": False}, general]
        await client.patch(url, json={"classes": classes}, headers={"If-Match": '"1"'})
        assert problem(await classify("key")) == (409, "class-retired")
        await client.patch(url, json={"active": False}, headers={"If-Match": '"2"'})
        assert problem(await classify("general")) == (409, "scheme-retired")
        assert problem(await client.post(f"{url}/run", json={})) == (409, "scheme-retired")

    async def test_a_former_customer(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        problem: ProblemOf,
    ) -> None:
        made = (await classify()).json()
        await client.post(f"/v1/customers/{customer['id']}/end", json={"reason": "无"})
        assert problem(await classify("general")) == (409, "customer-has-ended")
        response = await client.post(f"{PATH}/{made['id']}/remove", json={"reason": "无"})
        assert problem(response) == (409, "customer-has-ended")


class TestRemove:
    async def test_with_a_reason(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        database: Database,
        tenant: str,
    ) -> None:
        made = (await classify()).json()
        url = f"{PATH}/{made['id']}/remove"
        response = await client.post(
            url, json={"reason": "协议已到期"}, headers={"If-Match": '"1"'}
        )
        body = response.json()
        assert (body["version"], body["end_reason"]) == (2, "协议已到期")
        assert await classes_of(client, customer) == []
        (event,) = await emitted(database, tenant, REMOVED)
        assert (event.data["end_reason"], event.data["next_class_code"]) == ("协议已到期", None)
        assert (await audited(database, tenant))[-1].action == "classification.ended"

    async def test_refused(
        self, client: httpx.AsyncClient, classify: Classify, problem: ProblemOf
    ) -> None:
        made = (await classify(effective_at="2026-03-02T00:00:00Z")).json()
        url, why = f"{PATH}/{made['id']}/remove", {"reason": "无"}
        early = await client.post(url, json=why | {"effective_at": "2026-03-01T00:00:00Z"})
        assert problem(early) == (422, "effective-too-early")
        late = await client.post(url, json=why | {"effective_at": "2999-03-01T00:00:00Z"})
        assert problem(late) == (422, "effective-in-future")
        stale = await client.post(url, json=why, headers={"If-Match": '"7"'})
        assert problem(stale) == (412, "version-conflict")
        await client.post(url, json=why)
        assert problem(await client.post(url, json=why)) == (409, "classification-over")
        nothing = await client.post(f"{PATH}/{NOBODY}/remove", json=why)
        assert problem(nothing) == (404, "not-found")


class TestAtOnce:
    async def test_several_assignments_leave_one_current(
        self, client: httpx.AsyncClient, classify: Classify, customer: dict[str, Any]
    ) -> None:
        codes = ["key", "general"] * 4
        responses = await asyncio.gather(*(classify(code) for code in codes))
        done = [response for response in responses if response.status_code == 201]
        assert len(done) >= 2
        refused = {r.json()["code"] for r in responses if r.status_code != 201}
        assert refused <= {"already-in-class"}
        found = await history(client, customer_id=customer["id"])
        assert len(found) == len(done)
        assert sum(one["ended_at"] is None for one in found) == 1

    async def test_the_database_itself_admits_one(
        self, classify: Classify, database: Database, context: Context
    ) -> None:
        made = (await classify()).json()
        copy = text(
            "INSERT INTO classifications SELECT tenant_id, gen_random_uuid(), 1, now(), now(), "
            "customer_id, scheme_id, 'general', manner, reason, explanation, assigned_by, "
            "effective_at, ended_at, ended_by, end_reason FROM classifications WHERE id = :id"
        )
        with pytest.raises(DBAPIError, match="uq_classifications_current"):
            async with database.transaction(context) as session:
                await session.execute(copy, {"id": made["id"]})

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE classifications SET class_code = 'general'", "DELETE FROM classifications"],
    )
    async def test_history_cannot_be_rewritten(
        self, classify: Classify, database: Database, context: Context, statement: str
    ) -> None:
        await classify()
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.transaction(context) as session:
                await session.execute(text(statement))


class TestLists:
    async def test_customers_of_a_class(
        self,
        client: httpx.AsyncClient,
        classify: Classify,
        customer: dict[str, Any],
        scheme: dict[str, Any],
        make_customer: Make,
        database: Database,
    ) -> None:
        other = await make_customer()
        await classify("key")
        await classify("general", customer_id=other["id"])
        await classify("key", customer_id=other["id"])
        await classify("general", customer_id=other["id"])
        with count_queries(database) as queries:
            filters = {"scheme_id": scheme["id"], "class_code": "key", "count": "exact"}
            page = (await client.get("/v1/customers", params=filters)).json()
        assert [one["id"] for one in page["items"]] == [customer["id"]]
        assert (page["count"], len(queries)) == (1, 4)  # begin, the page, the count, end
        both = (await client.get("/v1/customers", params={"scheme_id": scheme["id"]})).json()
        assert len(both["items"]) == 2
        nobody = (await client.get("/v1/customers", params={"class_code": "vip"})).json()
        assert nobody["items"] == []

    async def test_filters_and_pages(
        self, client: httpx.AsyncClient, classify: Classify, database: Database
    ) -> None:
        for code in ("key", "general", "key"):
            await classify(code)
        assert len(await history(client, current="false")) == 2
        assert len(await history(client, class_code="key", current="true")) == 1
        assert await history(client, manner="rule") == []
        with count_queries(database) as queries:
            page = (await client.get(PATH, params={"limit": 2})).json()
        assert len(queries) == 3, queries.statements
        rest = await client.get(PATH, params={"limit": 2, "cursor": page["next_cursor"]})
        codes = [one["class_code"] for one in page["items"] + rest.json()["items"]]
        assert codes == ["key", "general", "key"]

    async def test_another_tenant_sees_and_ends_nothing(
        self,
        client_for: Callable[..., httpx.AsyncClient],
        classify: Classify,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await classify()).json()['id']}"
        stranger = client_for(f"t-{uuid4().hex[:12]}")
        assert problem(await stranger.get(url)) == (404, "not-found")
        response = await stranger.post(f"{url}/remove", json={"reason": "无"})
        assert problem(response) == (404, "not-found")
        assert (await stranger.get(PATH)).json()["items"] == []

    async def test_reading_does_not_allow_writing(
        self,
        client_for: Callable[..., httpx.AsyncClient],
        tenant: str,
        classify: Classify,
        problem: ProblemOf,
    ) -> None:
        url = f"{PATH}/{(await classify()).json()['id']}"
        reader = client_for(tenant, roles=("service_agent",))
        assert (await reader.get(url)).status_code == 200
        assert problem(await reader.post(PATH, json={})) == (403, "scope-missing")
        assert problem(await reader.post(f"{url}/remove", json={})) == (403, "scope-missing")
