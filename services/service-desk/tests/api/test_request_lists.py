"""Lists of service requests, their histories and dispatch orders."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plugin import ClientFor
from kehu_service_desk.requests.models import ServiceRequest

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    """Return the business day; asked each time, for the tests may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


ANNA, BO = str(uuid4()), str(uuid4())


async def ids(client: httpx.AsyncClient, **query: Any) -> set[str]:
    """Return the ids of the requests that match."""
    page = (await client.get("/v1/requests", params=query)).json()
    return {item["id"] for item in page["items"]}


async def require_on(database: Database, context: Context, request: dict[str, Any]) -> None:
    """Let a request have been required yesterday."""
    yesterday = today() - timedelta(days=1)
    async with database.transaction(context) as session:
        await session.execute(
            update(ServiceRequest)
            .where(
                ServiceRequest.tenant_id == context.tenant_id, ServiceRequest.id == request["id"]
            )
            .values(opened_on=yesterday, required_on=yesterday)
        )


class TestFilters:
    async def test_each(
        self, client: httpx.AsyncClient, make_file: Make, make_request: Make
    ) -> None:
        await make_request(status="assigned")
        file = await make_file(register=True)
        wanted = await make_request(
            status="dispatched",
            customer_id=file["customer_id"],
            product_file_id=file["id"],
            priority="urgent",
            external_ref="crm-1",
        )
        for query in (
            {"status": "dispatched"},
            {"status": ["dispatched", "closed"]},
            {"priority": ["urgent", "high"]},
            {"customer_id": wanted["customer_id"]},
            {"product_file_id": file["id"]},
            {"follower_id": wanted["follower_id"]},
            {"handler_id": wanted["handler_ids"][0]},
            {"number": wanted["number"]},
            {"external_ref": "crm-1"},
        ):
            assert await ids(client, **query) == {wanted["id"]}, query
        assert len(await ids(client, status=["assigned", "dispatched"])) == 2
        assert await ids(client, follower_id=str(uuid4())) == set()

    async def test_by_handler_knows_who_has_it_now(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        request = await make_request(status="dispatching", handler_ids=(ANNA, BO))
        url = f"/v1/requests/{request['id']}"
        assert await ids(client, handler_id=BO) == {request["id"]}
        await client.post(f"{url}/dispatch", json={"handler_ids": [ANNA]})
        assert await ids(client, handler_id=BO) == set()
        assert await ids(client, handler_id=ANNA) == {request["id"]}
        await client.post(f"{url}/refuse", json={"handler_id": ANNA, "reason": "忙"})
        assert await ids(client, handler_id=ANNA) == set()

    async def test_overdue(
        self, client: httpx.AsyncClient, make_request: Make, database: Database, context: Context
    ) -> None:
        late, closed = await make_request(), await make_request(status="closed")
        in_time = await make_request(required_on=today().isoformat())
        any_time = await make_request()
        for request in (late, closed):
            await require_on(database, context, request)
        assert await ids(client, overdue=True) == {late["id"]}
        assert await ids(client, overdue=False) == {closed["id"], in_time["id"], any_time["id"]}
        assert (await client.get(f"/v1/requests/{late['id']}")).json()["overdue"] is True
        assert (await client.get(f"/v1/requests/{closed['id']}")).json()["overdue"] is False

    async def test_unknown_or_misspelt(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        for query in ({"state": "open"}, {"status": "lost"}, {"limit": 201}, {"sort": "number"}):
            response = await client.get("/v1/requests", params=query)
            assert problem(response) == (422, "invalid-request")


class TestPages:
    @pytest.mark.parametrize("sort", ["created_at", "-created_at", "required_on", "-required_on"])
    async def test_show_everything_once_in_order(
        self, client: httpx.AsyncClient, make_request: Make, sort: str
    ) -> None:
        days = (1, 0, None, 1, None)
        made = [
            await make_request(
                required_on=None if day is None else (today() + timedelta(days=day)).isoformat()
            )
            for day in days
        ]
        query: dict[str, Any] = {"limit": 2, "sort": sort, "count": "exact"}
        seen: list[str] = []
        page: dict[str, Any] = {}
        for _ in range(3):
            page = (await client.get("/v1/requests", params=query)).json()
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

    async def test_cursor_of_another_order(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf
    ) -> None:
        for _ in range(2):
            await make_request()
        page = (await client.get("/v1/requests", params={"limit": 1})).json()
        query = {"cursor": page["next_cursor"], "sort": "required_on"}
        response = await client.get("/v1/requests", params=query)
        assert problem(response) == (422, "invalid-cursor")

    @pytest.mark.parametrize(("what", "total"), [("history", 6), ("dispatch-orders", 3)])
    async def test_of_what_belongs_to_a_request(
        self, client: httpx.AsyncClient, make_request: Make, what: str, total: int
    ) -> None:
        request = await make_request(status="dispatched")  # four steps, one order
        for _ in range(2):
            await client.post(
                f"/v1/requests/{request['id']}/dispatch", json={"handler_ids": [ANNA]}
            )
        query: dict[str, Any] = {"limit": 1}
        seen: list[str] = []
        while True:
            page = (await client.get(f"/v1/requests/{request['id']}/{what}", params=query)).json()
            seen += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert len(seen) == len(set(seen)) == total
        assert seen == sorted(seen, reverse=what == "dispatch-orders")

    async def test_take_the_same_few_queries_however_long(
        self, client: httpx.AsyncClient, make_request: Make, database: Database
    ) -> None:
        request, *_ = [await make_request(status="dispatching") for _ in range(3)]
        for path, expected in (
            ("/v1/requests", 3),  # begin, read the page, end
            (f"/v1/requests/{request['id']}/history", 4),  # and the request
            (f"/v1/requests/{request['id']}/dispatch-orders", 5),  # and the handlers
        ):
            with count_queries(database) as queries:
                assert (await client.get(path)).json()["items"]
            assert len(queries) == expected, queries.statements


class TestTenantsAndScopes:
    async def test_another_tenant_finds_nothing(
        self, make_request: Make, client_for: ClientFor, problem: ProblemOf
    ) -> None:
        request = await make_request(status="dispatching")
        stranger, url = client_for(f"t-{uuid4().hex[:12]}"), f"/v1/requests/{request['id']}"
        for response in (
            await stranger.get(url),
            await stranger.get(f"{url}/history"),
            await stranger.get(f"{url}/dispatch-orders"),
            await stranger.post(f"{url}/dispatch", json={"handler_ids": [ANNA]}),
            await stranger.post(f"{url}/assign", json={"follower_id": ANNA}),
        ):
            assert problem(response) == (404, "not-found")
        assert (await stranger.get("/v1/requests")).json()["items"] == []
        body = {"customer_id": request["customer_id"], "problem": "?", "channel": "web"}
        response = await stranger.post("/v1/requests", json=body)
        assert problem(response) == (422, "unknown-customer")

    async def test_reading_does_not_allow_writing(
        self, make_request: Make, client_for: ClientFor, tenant: str, problem: ProblemOf
    ) -> None:
        request = await make_request()
        reader = client_for(tenant, roles=("sales_representative",))
        url = f"/v1/requests/{request['id']}"
        assert (await reader.get(url)).status_code == 200
        response = await reader.post(f"{url}/assign", json={"follower_id": ANNA})
        assert problem(response) == (403, "scope-missing")
