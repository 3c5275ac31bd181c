"""The service request API: creating requests, their whole life, and what is never allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_kernel import clock
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
Send = Callable[..., Awaitable[httpx.Response]]
Belonging = Callable[[dict[str, Any]], Awaitable[list[dict[str, Any]]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]


def today() -> date:
    """Return the business day; asked each time, for the tests may run over midnight."""
    return clock.today(clock.now(), "Asia/Shanghai")


YESTERDAY = today() - timedelta(days=1)
FUTURE = (today() + timedelta(days=2)).isoformat()  # two: the test may run over midnight
ANNA = str(uuid4())
BO = "019364c2-7d5e-7000-8000-0000000000b0"  # whom commands name unless told otherwise


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, make_file: Make, database: Database, tenant: str
    ) -> None:
        file = await make_file(register=True)
        given = {
            "customer_id": file["customer_id"],
            "product_file_id": file["id"],
            "kind": "complaint",
            "problem": "服务器开机后风扇异响，温度报警",
            "priority": "urgent",
            "channel": "e_mail",
            "required_on": FUTURE,
            "external_ref": "crm-17",
        }
        response = await client.post("/v1/requests", json=given)
        body = response.json()
        assert (response.status_code, response.headers["etag"]) == (201, '"1"')
        assert response.headers["location"] == f"/v1/requests/{body['id']}"
        expected = given | {
            "number": f"SR-{today().year}-000001", "status": "open", "follower_id": None,
            "handler_ids": [], "overdue": False, "opened_on": today().isoformat(),
        }  # fmt: skip
        assert {name: body[name] for name in expected} == expected
        assert (await client.get(f"/v1/requests/{body['id']}")).json() == body
        event = (await emitted(database, tenant))[-1]
        assert (event.type, event.key) == ("service-desk.request-created.v1", body["id"])
        assert (event.sequence, event.data["changed"]) == (1, [])
        shared = given.keys() - {"external_ref"}
        assert {name: event.data[name] for name in shared} == {n: given[n] for n in shared}
        assert (await audited(database, tenant))[-1].action == "service-request.created"

    async def test_with_the_least(self, make_request: Make) -> None:
        body = await make_request()
        assert (body["priority"], body["product_file_id"]) == ("normal", None)
        assert body["kind"] == "service"

    async def test_for_nobody_we_know(self, client: httpx.AsyncClient, problem: ProblemOf) -> None:
        body = {"customer_id": str(uuid4()), "problem": "?", "channel": "web"}
        assert problem(await client.post("/v1/requests", json=body)) == (422, "unknown-customer")

    async def test_for_a_former_customer(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer, problem: ProblemOf
    ) -> None:
        customer_id = await make_customer(state="former")
        body = {"customer_id": customer_id, "problem": "?", "channel": "web"}
        assert problem(await client.post("/v1/requests", json=body)) == (409, "customer-has-ended")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"required_on": YESTERDAY.isoformat()}, "required-day-passed"),
            ({"product_file_id": str(uuid4())}, "unknown-product-file"),
            ({"priority": "asap"}, "invalid-request"),
            ({"channel": "pigeon"}, "invalid-request"),
            ({"problem": " "}, "invalid-request"),
            ({"problem": "x" * 4001}, "invalid-request"),
            ({"status": "closed"}, "invalid-request"),
            ({"follower_id": ANNA}, "invalid-request"),
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
        body = {"customer_id": await make_customer(), "problem": "?", "channel": "web"} | fields
        assert problem(await client.post("/v1/requests", json=body)) == (422, code)

    async def test_required_today(self, make_request: Make) -> None:
        assert (await make_request(required_on=today().isoformat()))["overdue"] is False

    @pytest.mark.parametrize(
        ("fields", "own", "code"),
        [
            ({"register": True}, False, "product-file-of-another-customer"),
            ({"register": False}, True, "product-file-not-registered"),
            ({"register": True, "service_enabled": False}, True, "service-not-enabled"),
        ],
    )
    async def test_about_a_product_we_cannot_service(
        self,
        client: httpx.AsyncClient,
        make_file: Make,
        make_customer: MakeCustomer,
        problem: ProblemOf,
        fields: dict[str, Any],
        code: str,
        *,
        own: bool,
    ) -> None:
        file = await make_file(**fields)
        customer_id = file["customer_id"] if own else await make_customer()
        body = {
            "customer_id": customer_id, "product_file_id": file["id"],
            "problem": "?", "channel": "web",
        }  # fmt: skip
        assert problem(await client.post("/v1/requests", json=body)) == (409, code)

    async def test_at_once_with_the_same_reference(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer, problem: ProblemOf
    ) -> None:
        body = {
            "customer_id": await make_customer(), "problem": "?", "channel": "web",
            "external_ref": "crm-1",
        }  # fmt: skip
        answers = await asyncio.gather(*(client.post("/v1/requests", json=body) for _ in range(3)))
        refused = [answer for answer in answers if answer.status_code != 201]
        assert [problem(r) for r in refused] == [(409, "external-reference-taken")] * 2

    async def test_many_at_once_are_numbered_without_gaps(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer
    ) -> None:
        body = {"customer_id": await make_customer(), "problem": "?", "channel": "web"}
        answers = await asyncio.gather(*(client.post("/v1/requests", json=body) for _ in range(8)))
        numbers = sorted(answer.json()["number"] for answer in answers)
        assert numbers == [f"SR-{today().year}-{n:06d}" for n in range(1, 9)]

    async def test_repeated_with_the_same_key(
        self, client: httpx.AsyncClient, make_customer: MakeCustomer, problem: ProblemOf
    ) -> None:
        body = {"customer_id": await make_customer(), "problem": "?", "channel": "web"}
        key = {"Idempotency-Key": "again"}
        first = await client.post("/v1/requests", json=body, headers=key)
        assert (await client.post("/v1/requests", json=body, headers=key)).json() == first.json()
        other = await client.post("/v1/requests", json=body | {"problem": "!"}, headers=key)
        assert problem(other) == (422, "idempotency-key-reused")


class TestWholeLife:
    async def test_from_call_to_close(
        self,
        send: Send,
        history: Belonging,
        orders: Belonging,
        client: httpx.AsyncClient,
        make_file: Make,
        make_request: Make,
        database: Database,
        tenant: str,
    ) -> None:
        file = await make_file(register=True, next_maintenance_on=today().isoformat())
        request = await make_request(customer_id=file["customer_id"], product_file_id=file["id"])
        before = len(await emitted(database, tenant))
        parts = [
            {"product_name": "散热风扇", "quantity": "2", "serial_number": "F-90871"},
            {"product_name": "导热膏", "quantity": "0.5", "serial_number": None},
        ]
        for command, fields in (
            ("assign", {"follower_id": ANNA, "note": "华南区"}),
            ("dispatch", {"handler_ids": [BO, ANNA, BO], "note": "带备件"}),
            ("refuse", {"handler_id": ANNA, "reason": "出差"}),
            ("accept", {}),
            ("handle", {"parts": parts}),
            ("close", {"satisfied": False}),
            ("reopen", {}),
        ):
            response = await send(request, command, **fields)
            assert response.status_code == 200, response.text
            assert response.headers["etag"] == f'"{response.json()["version"]}"'

        events = (await emitted(database, tenant))[before:]
        assert [(e.type.split("-")[-1], e.sequence, e.data["status"]) for e in events] == [
            ("assigned.v1", 2, "assigned"),
            ("dispatched.v1", 3, "dispatching"),
            ("refused.v1", 4, "dispatching"),
            ("accepted.v1", 5, "dispatched"),
            ("handled.v1", 6, "handled"),
            ("closed.v1", 7, "closed"),
            ("reopened.v1", 8, "assigned"),
        ]
        assert events[1].data["handler_ids"] == [BO, ANNA]
        assert events[1].data["changed"] == ["handler_ids", "status"]
        assert events[5].data["resolution"] == "已修"
        assert events[5].data["closed_at"] is not None
        assert events[6].data["closed_at"] is None

        steps = await history(request)
        assert [
            (s["version"], s["step"], s["status_before"], s["status_after"]) for s in steps
        ] == [
            (1, "created", None, "open"),
            (2, "assigned", "open", "assigned"),
            (3, "dispatched", "assigned", "dispatching"),
            (4, "refused", "dispatching", "dispatching"),
            (5, "accepted", "dispatching", "dispatched"),
            (6, "handled", "dispatched", "handled"),
            (7, "closed", "handled", "closed"),
            (8, "reopened", "closed", "assigned"),
        ]
        assert [s["note"] for s in steps] == [
            None, "华南区", "带备件", "出差", "好", "已修", "已修", "又坏了",
        ]  # fmt: skip
        assert [s["employee_ids"] for s in steps] == [
            [], [ANNA], [BO, ANNA], [ANNA], [BO], [BO], [], [],
        ]  # fmt: skip
        assert steps[5]["parts"] == parts
        assert (steps[5]["happened_on"], steps[6]["satisfied"]) == (today().isoformat(), False)
        assert {s["actor"] for s in steps} == {"tester"}

        [order] = await orders(request)
        assert (order["number"], order["status"]) == (f"DO-{today().year}-000001", "handled")
        assert [(h["handler_id"], h["answer"], h["reason"]) for h in order["handlers"]] == [
            (BO, "accepted", "好"),
            (ANNA, "refused", "出差"),
        ]
        assert {s["dispatch_order"] for s in steps[2:6]} == {order["number"]}

        url = f"/v1/product-files/{file['id']}"
        seen = (await client.get(url)).json()
        assert (seen["last_maintained_on"], seen["next_maintenance_on"], seen["version"]) == (
            today().isoformat(), None, 2,
        )  # fmt: skip
        fitted = (await client.get(f"{url}/parts")).json()["items"]
        assert [
            {name: part[name] for name in ("product_name", "quantity", "serial_number")}
            for part in sorted(fitted, key=lambda part: part["id"])
        ] == parts
        assert {part["request_id"] for part in fitted} == {request["id"]}

        actions = [entry.action.split(".")[1] for entry in await audited(database, tenant)]
        assert sorted(actions) == sorted(
            [
                "created", "created", "assigned", "dispatched", "refused", "accepted", "handled",
                "maintained", "closed", "reopened",
            ]
        )  # fmt: skip


LEGAL = {
    "assign": {"open", "assigned"},
    "dispatch": {"assigned", "dispatching", "dispatched"},
    "accept": {"dispatching", "dispatched"},
    "refuse": {"dispatching", "dispatched"},
    "handle": {"dispatched"},
    "close": {"handled"},
    "reopen": {"handled", "closed"},
}
REFUSALS = {
    "assign": "request-not-assignable",
    "dispatch": "request-not-dispatchable",
    "accept": "no-dispatch-to-answer",
    "refuse": "no-dispatch-to-answer",
    "handle": "request-not-dispatched",
    "close": "request-not-handled",
    "reopen": "request-not-reopenable",
}
STATUSES = ("open", "assigned", "dispatching", "dispatched", "handled", "closed")


class TestStates:
    @pytest.mark.parametrize("status", STATUSES)
    async def test_whatever_is_not_allowed_is_refused_and_changes_nothing(
        self,
        send: Send,
        client: httpx.AsyncClient,
        make_request: Make,
        problem: ProblemOf,
        database: Database,
        tenant: str,
        status: str,
    ) -> None:
        request = await make_request(status=status)
        told = len(await emitted(database, tenant))
        for command, legal in LEGAL.items():
            if status not in legal:
                response = await send(request, command)
                assert problem(response) == (409, REFUSALS[command])
                assert request["number"] in response.json()["detail"]
        assert (await client.get(f"/v1/requests/{request['id']}")).json() == request
        assert len(await emitted(database, tenant)) == told

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_based_on_an_old_version(
        self, send: Send, make_request: Make, problem: ProblemOf, command: str
    ) -> None:
        status = min(LEGAL[command] - {"open"}, key=STATUSES.index)
        request = await make_request(status=status)
        etag = f'"{request["version"] - 1}"'
        response = await send(request, command, headers={"If-Match": etag})
        assert problem(response) == (412, "version-conflict")
        assert "status" in response.json()["changed_fields"]

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_bodies_are_checked(
        self,
        send: Send,
        client: httpx.AsyncClient,
        make_request: Make,
        problem: ProblemOf,
        command: str,
    ) -> None:
        request = await make_request()
        nothing = await client.post(f"/v1/requests/{request['id']}/{command}", json={})
        for response in (nothing, await send(request, command, colour="red")):
            assert problem(response) == (422, "invalid-request")

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_of_nothing(self, send: Send, problem: ProblemOf, command: str) -> None:
        response = await send({"id": uuid4()}, command)
        assert problem(response) == (404, "not-found")
