"""The service request API, command by command."""

import asyncio
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
from kehu_kernel.testing.observe import emitted
from kehu_service_desk.requests.models import ServiceRequest

Make = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Awaitable[httpx.Response]]
Belonging = Callable[[dict[str, Any]], Awaitable[list[dict[str, Any]]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    """Return the business day; asked each time, for the tests may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


FUTURE = (today() + timedelta(days=2)).isoformat()  # two: the test may run over midnight
ANNA = str(uuid4())
BO = "019364c2-7d5e-7000-8000-0000000000b0"  # whom commands name unless told otherwise


class TestAssign:
    async def test_to_another_follower(self, send: Send, make_request: Make) -> None:
        request = await make_request(status="assigned")
        body = (await send(request, "assign", follower_id=BO)).json()
        assert (body["status"], body["follower_id"], body["version"]) == ("assigned", BO, 3)

    async def test_to_the_present_one_changes_nothing(
        self, send: Send, history: Belonging, make_request: Make, database: Database, tenant: str
    ) -> None:
        request = await make_request(status="assigned")
        told = len(await emitted(database, tenant))
        again = await send(request, "assign", follower_id=request["follower_id"])
        assert again.json() == request
        assert len(await history(request)) == 2
        assert len(await emitted(database, tenant)) == told


class TestDispatch:
    @pytest.mark.parametrize("status", ["dispatching", "dispatched"])
    async def test_to_others_withdraws_the_order_under_way(
        self, send: Send, orders: Belonging, make_request: Make, problem: ProblemOf, status: str
    ) -> None:
        request = await make_request(status=status)
        body = (await send(request, "dispatch")).json()
        assert (body["status"], body["handler_ids"]) == ("dispatching", [BO])
        newest, oldest = await orders(request)
        assert (newest["status"], oldest["status"]) == ("open", "withdrawn")
        [former] = request["handler_ids"]
        response = await send(request, "accept", handler_id=former)
        assert problem(response) == (409, "handler-not-named")

    @pytest.mark.parametrize("handler_ids", [[], ["x"], [str(uuid4()) for _ in range(21)], None])
    async def test_to_handlers_that_cannot_be(
        self,
        send: Send,
        make_request: Make,
        problem: ProblemOf,
        handler_ids: object,
    ) -> None:
        request = await make_request(status="assigned")
        response = await send(request, "dispatch", handler_ids=handler_ids)
        assert problem(response) == (422, "invalid-request")

    async def test_twice_at_once_leaves_one_order_open(
        self, send: Send, orders: Belonging, make_request: Make
    ) -> None:
        request = await make_request(status="assigned")
        answers = await asyncio.gather(
            *(send(request, "dispatch", handler_ids=[who]) for who in (ANNA, BO))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        made = await orders(request)
        assert sorted(order["status"] for order in made) == ["open", "withdrawn"]
        assert sorted(order["number"][-6:] for order in made) == ["000001", "000002"]


class TestAnswer:
    async def test_by_somebody_who_was_not_asked(
        self, send: Send, make_request: Make, problem: ProblemOf
    ) -> None:
        request = await make_request(status="dispatching")
        for command in ("accept", "refuse"):
            response = await send(request, command)
            assert problem(response) == (409, "handler-not-named")

    async def test_twice(
        self, send: Send, make_request: Make, problem: ProblemOf, handler: str
    ) -> None:
        request = await make_request(status="dispatched")
        for command in ("accept", "refuse"):
            response = await send(request, command, handler_id=handler)
            assert problem(response) == (409, "dispatch-already-answered")

    async def test_refused_by_all_goes_back_to_the_follower(
        self, send: Send, orders: Belonging, make_request: Make
    ) -> None:
        request = await make_request(status="dispatching", handler_ids=(ANNA, BO))
        first = (await send(request, "refuse", handler_id=ANNA)).json()
        assert (first["status"], first["handler_ids"]) == ("dispatching", [ANNA, BO])
        last = (await send(request, "refuse", handler_id=BO)).json()
        assert (last["status"], last["handler_ids"]) == ("assigned", [])
        assert last["follower_id"] == request["follower_id"]
        assert [order["status"] for order in await orders(request)] == ["refused"]
        assert (await send(request, "dispatch")).json()["status"] == "dispatching"

    async def test_refused_by_all_at_once(
        self, send: Send, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        who = tuple(str(uuid4()) for _ in range(5))
        request = await make_request(status="dispatching", handler_ids=who)
        answers = await asyncio.gather(*(send(request, "refuse", handler_id=one) for one in who))
        assert {answer.status_code for answer in answers} == {200}
        after = (await client.get(f"/v1/requests/{request['id']}")).json()
        assert (after["status"], after["version"]) == ("assigned", request["version"] + 5)

    async def test_accept_and_refuse_at_once(
        self, send: Send, client: httpx.AsyncClient, make_request: Make, handler: str
    ) -> None:
        request = await make_request(status="dispatching")
        answers = await asyncio.gather(
            *(send(request, command, handler_id=handler) for command in ("accept", "refuse"))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        accepted = answers[0].status_code == 200
        after = (await client.get(f"/v1/requests/{request['id']}")).json()
        assert after["status"] == ("dispatched" if accepted else "assigned")

    async def test_accepted_by_two(self, send: Send, make_request: Make) -> None:
        request = await make_request(status="dispatching", handler_ids=(ANNA, BO))
        answers = await asyncio.gather(
            *(send(request, "accept", handler_id=one) for one in (ANNA, BO))
        )
        assert [answer.json()["status"] for answer in answers] == ["dispatched"] * 2
        assert (await send(request, "handle")).json()["handled_by"] == BO


class TestHandle:
    async def test_by_a_handler_who_has_not_accepted(
        self, send: Send, make_request: Make, problem: ProblemOf
    ) -> None:
        request = await make_request(status="dispatched", handler_ids=(ANNA, BO))
        response = await send(request, "handle")
        assert problem(response) == (409, "handler-has-not-accepted")
        response = await send(request, "handle", handler_id=str(uuid4()))
        assert problem(response) == (409, "handler-not-named")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"handled_on": FUTURE}, "date-in-future"),
            ({"handled_on": "2020-01-01"}, "date-before-previous"),
            ({"parts": [{"product_name": "风扇", "quantity": "0"}]}, "invalid-request"),
            ({"parts": [{"product_name": "风扇"}]}, "invalid-request"),
            ({"result": ""}, "invalid-request"),
        ],
    )
    async def test_refused(
        self,
        send: Send,
        make_request: Make,
        problem: ProblemOf,
        handler: str,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        request = await make_request(status="dispatched")
        response = await send(request, "handle", handler_id=handler, **fields)
        assert problem(response) == (422, code)

    async def test_a_refused_sheet_leaves_the_product_file_alone(
        self,
        send: Send,
        client: httpx.AsyncClient,
        make_file: Make,
        make_request: Make,
        handler: str,
    ) -> None:
        file = await make_file(register=True)
        request = await make_request(
            status="dispatched", customer_id=file["customer_id"], product_file_id=file["id"]
        )
        await send(request, "handle", handler_id=handler, handled_on=FUTURE)
        assert (await client.get(f"/v1/product-files/{file['id']}")).json() == file

    async def test_parts_without_a_product_file_stay_in_the_history(
        self, send: Send, history: Belonging, make_request: Make, handler: str
    ) -> None:
        request = await make_request(status="dispatched")
        parts = [{"product_name": "风扇", "quantity": "1", "serial_number": None}]
        await send(request, "handle", handler_id=handler, parts=parts)
        assert (await history(request))[-1]["parts"] == parts

    async def test_while_the_product_file_is_changed(
        self,
        send: Send,
        client: httpx.AsyncClient,
        make_file: Make,
        make_request: Make,
        handler: str,
    ) -> None:
        file = await make_file(register=True)
        request = await make_request(
            status="dispatched", customer_id=file["customer_id"], product_file_id=file["id"]
        )
        url = f"/v1/product-files/{file['id']}"
        handled, patched = await asyncio.gather(
            send(request, "handle", handler_id=handler),
            client.patch(url, json={"warranty_until": FUTURE}, headers={"If-Match": '"1"'}),
        )
        assert handled.status_code == 200
        after = (await client.get(url)).json()
        assert after["last_maintained_on"] == today().isoformat()
        assert (patched.status_code, after["version"]) in {(200, 3), (412, 2)}


class TestClose:
    async def test_several_at_once(
        self, send: Send, make_request: Make, database: Database, tenant: str
    ) -> None:
        request = await make_request(status="handled")
        answers = await asyncio.gather(*(send(request, "close") for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        closed = await emitted(database, tenant, "service-desk.request-closed.v1")
        assert len(closed) == 1

    async def test_repeated_with_the_same_key(self, send: Send, make_request: Make) -> None:
        request = await make_request(status="handled")
        key = {"Idempotency-Key": "again"}
        first, second = [await send(request, "close", headers=key) for _ in range(2)]
        assert (first.status_code, second.status_code) == (200, 200)
        assert (second.json(), second.headers["etag"]) == (first.json(), first.headers["etag"])


class TestReopen:
    @pytest.mark.parametrize(("days", "status"), [(14, 200), (15, 409)])
    async def test_some_days_after_it_was_closed(
        self,
        send: Send,
        make_request: Make,
        problem: ProblemOf,
        database: Database,
        context: Context,
        days: int,
        status: int,
    ) -> None:
        request = await make_request(status="closed")
        async with database.transaction(context) as session:
            await session.execute(
                update(ServiceRequest)
                .where(ServiceRequest.tenant_id == context.tenant_id)
                .values(closed_on=today() - timedelta(days=days))
            )
        response = await send(request, "reopen")
        assert response.status_code == status
        if status == 409:
            assert problem(response) == (409, "reopen-too-late")

    async def test_goes_through_dispatch_again(
        self, send: Send, orders: Belonging, make_request: Make
    ) -> None:
        request = await make_request(status="closed")
        for command in ("reopen", "dispatch", "accept", "handle", "close"):
            response = await send(request, command)
            assert response.status_code == 200, response.text
        statuses = [order["status"] for order in await orders(request)]
        assert statuses == ["handled", "handled"]
