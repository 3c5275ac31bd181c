"""The service request API, command by command."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.observe import audited, emitted
from kehu_service_desk.requests.models import ServiceRequest

Make = Callable[..., Awaitable[dict[str, Any]]]
MakeCustomer = Callable[..., Awaitable[str]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]

TODAY = clock.today(clock.now(), "Asia/Shanghai")
YESTERDAY = TODAY - timedelta(days=1)
FUTURE = (TODAY + timedelta(days=2)).isoformat()  # two: the test may run over midnight
ANNA, BO = str(uuid4()), str(uuid4())
BODIES: dict[str, dict[str, Any]] = {
    "assign": {"follower_id": ANNA},
    "dispatch": {"handler_ids": [BO]},
    "accept": {"handler_id": BO, "reason": "好"},
    "refuse": {"handler_id": BO, "reason": "忙"},
    "handle": {"handler_id": BO, "result": "已修"},
    "close": {"resolution": "已修"},
    "reopen": {"reason": "又坏了"},
}


async def send(
    client: httpx.AsyncClient, request: dict[str, Any], command: str, **fields: Any
) -> httpx.Response:
    """Send a command about a request; fields may differ from the usual ones."""
    return await client.post(
        f"/v1/requests/{request['id']}/{command}", json=BODIES[command] | fields
    )


async def history(client: httpx.AsyncClient, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a request."""
    page = (await client.get(f"/v1/requests/{request['id']}/history")).json()
    steps: list[dict[str, Any]] = page["items"]
    return steps


async def orders(client: httpx.AsyncClient, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the dispatch orders of a request."""
    page = (await client.get(f"/v1/requests/{request['id']}/dispatch-orders")).json()
    items: list[dict[str, Any]] = page["items"]
    return items


class TestCreate:
    async def test_with_everything(
        self, client: httpx.AsyncClient, make_file: Make, database: Database, tenant: str
    ) -> None:
        file = await make_file(register=True)
        given = {
            "customer_id": file["customer_id"],
            "product_file_id": file["id"],
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
            "number": f"SR-{TODAY.year}-000001", "status": "open", "follower_id": None,
            "handler_ids": [], "overdue": False, "opened_on": TODAY.isoformat(),
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
        assert (await make_request(required_on=TODAY.isoformat()))["overdue"] is False

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
        assert numbers == [f"SR-{TODAY.year}-{n:06d}" for n in range(1, 9)]

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
        client: httpx.AsyncClient,
        make_file: Make,
        make_request: Make,
        database: Database,
        tenant: str,
    ) -> None:
        file = await make_file(register=True, next_maintenance_on=TODAY.isoformat())
        request = await make_request(customer_id=file["customer_id"], product_file_id=file["id"])
        before = len(await emitted(database, tenant))
        parts = [
            {"product_name": "散热风扇", "quantity": "2", "serial_number": "F-90871"},
            {"product_name": "导热膏", "quantity": "0.5", "serial_number": None},
        ]
        for command, fields in (
            ("assign", {"note": "华南区"}),
            ("dispatch", {"handler_ids": [BO, ANNA, BO], "note": "带备件"}),
            ("refuse", {"handler_id": ANNA, "reason": "出差"}),
            ("accept", {}),
            ("handle", {"parts": parts}),
            ("close", {"satisfied": False}),
            ("reopen", {}),
        ):
            response = await send(client, request, command, **fields)
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

        steps = await history(client, request)
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
        assert (steps[5]["happened_on"], steps[6]["satisfied"]) == (TODAY.isoformat(), False)
        assert {s["actor"] for s in steps} == {"tester"}

        [order] = await orders(client, request)
        assert (order["number"], order["status"]) == (f"DO-{TODAY.year}-000001", "handled")
        assert [(h["handler_id"], h["answer"], h["reason"]) for h in order["handlers"]] == [
            (BO, "accepted", "好"),
            (ANNA, "refused", "出差"),
        ]
        assert {s["dispatch_order"] for s in steps[2:6]} == {order["number"]}

        url = f"/v1/product-files/{file['id']}"
        seen = (await client.get(url)).json()
        assert (seen["last_maintained_on"], seen["next_maintenance_on"], seen["version"]) == (
            TODAY.isoformat(), None, 2,
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
                response = await send(client, request, command)
                assert problem(response) == (409, REFUSALS[command])
                assert request["number"] in response.json()["detail"]
        assert (await client.get(f"/v1/requests/{request['id']}")).json() == request
        assert len(await emitted(database, tenant)) == told

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_based_on_an_old_version(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf, command: str
    ) -> None:
        status = min(LEGAL[command] - {"open"}, key=STATUSES.index)
        request = await make_request(status=status)
        response = await client.post(
            f"/v1/requests/{request['id']}/{command}",
            json=BODIES[command],
            headers={"If-Match": f'"{request["version"] - 1}"'},
        )
        assert problem(response) == (412, "version-conflict")
        assert "status" in response.json()["changed_fields"]

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_bodies_are_checked(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf, command: str
    ) -> None:
        request = await make_request()
        for body in ({}, BODIES[command] | {"colour": "red"}):
            response = await client.post(f"/v1/requests/{request['id']}/{command}", json=body)
            assert problem(response) == (422, "invalid-request")

    @pytest.mark.parametrize("command", sorted(LEGAL))
    async def test_of_nothing(
        self, client: httpx.AsyncClient, problem: ProblemOf, command: str
    ) -> None:
        response = await send(client, {"id": uuid4()}, command)
        assert problem(response) == (404, "not-found")


class TestAssign:
    async def test_to_another_follower(self, client: httpx.AsyncClient, make_request: Make) -> None:
        request = await make_request(status="assigned")
        body = (await send(client, request, "assign", follower_id=BO)).json()
        assert (body["status"], body["follower_id"], body["version"]) == ("assigned", BO, 3)

    async def test_to_the_present_one_changes_nothing(
        self, client: httpx.AsyncClient, make_request: Make, database: Database, tenant: str
    ) -> None:
        request = await make_request(status="assigned")
        told = len(await emitted(database, tenant))
        again = await send(client, request, "assign", follower_id=request["follower_id"])
        assert again.json() == request
        assert len(await history(client, request)) == 2
        assert len(await emitted(database, tenant)) == told


class TestDispatch:
    @pytest.mark.parametrize("status", ["dispatching", "dispatched"])
    async def test_to_others_withdraws_the_order_under_way(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf, status: str
    ) -> None:
        request = await make_request(status=status)
        body = (await send(client, request, "dispatch")).json()
        assert (body["status"], body["handler_ids"]) == ("dispatching", [BO])
        newest, oldest = await orders(client, request)
        assert (newest["status"], oldest["status"]) == ("open", "withdrawn")
        [former] = request["handler_ids"]
        response = await send(client, request, "accept", handler_id=former)
        assert problem(response) == (409, "handler-not-named")

    @pytest.mark.parametrize("handler_ids", [[], ["x"], [str(uuid4()) for _ in range(21)], None])
    async def test_to_handlers_that_cannot_be(
        self,
        client: httpx.AsyncClient,
        make_request: Make,
        problem: ProblemOf,
        handler_ids: object,
    ) -> None:
        request = await make_request(status="assigned")
        response = await send(client, request, "dispatch", handler_ids=handler_ids)
        assert problem(response) == (422, "invalid-request")

    async def test_twice_at_once_leaves_one_order_open(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        request = await make_request(status="assigned")
        answers = await asyncio.gather(
            *(send(client, request, "dispatch", handler_ids=[who]) for who in (ANNA, BO))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        made = await orders(client, request)
        assert sorted(order["status"] for order in made) == ["open", "withdrawn"]
        assert sorted(order["number"][-6:] for order in made) == ["000001", "000002"]


class TestAnswer:
    async def test_by_somebody_who_was_not_asked(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf
    ) -> None:
        request = await make_request(status="dispatching")
        for command in ("accept", "refuse"):
            response = await send(client, request, command)
            assert problem(response) == (409, "handler-not-named")

    async def test_twice(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf, handler: str
    ) -> None:
        request = await make_request(status="dispatched")
        for command in ("accept", "refuse"):
            response = await send(client, request, command, handler_id=handler)
            assert problem(response) == (409, "dispatch-already-answered")

    async def test_refused_by_all_goes_back_to_the_follower(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        request = await make_request(status="dispatching", handler_ids=(ANNA, BO))
        first = (await send(client, request, "refuse", handler_id=ANNA)).json()
        assert (first["status"], first["handler_ids"]) == ("dispatching", [ANNA, BO])
        last = (await send(client, request, "refuse", handler_id=BO)).json()
        assert (last["status"], last["handler_ids"]) == ("assigned", [])
        assert last["follower_id"] == request["follower_id"]
        assert [order["status"] for order in await orders(client, request)] == ["refused"]
        assert (await send(client, request, "dispatch")).json()["status"] == "dispatching"

    async def test_refused_by_all_at_once(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        who = tuple(str(uuid4()) for _ in range(5))
        request = await make_request(status="dispatching", handler_ids=who)
        answers = await asyncio.gather(
            *(send(client, request, "refuse", handler_id=one) for one in who)
        )
        assert {answer.status_code for answer in answers} == {200}
        after = (await client.get(f"/v1/requests/{request['id']}")).json()
        assert (after["status"], after["version"]) == ("assigned", request["version"] + 5)

    async def test_accept_and_refuse_at_once(
        self, client: httpx.AsyncClient, make_request: Make, handler: str
    ) -> None:
        request = await make_request(status="dispatching")
        answers = await asyncio.gather(
            *(
                send(client, request, command, handler_id=handler)
                for command in ("accept", "refuse")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        accepted = answers[0].status_code == 200
        after = (await client.get(f"/v1/requests/{request['id']}")).json()
        assert after["status"] == ("dispatched" if accepted else "assigned")

    async def test_accepted_by_two(self, client: httpx.AsyncClient, make_request: Make) -> None:
        request = await make_request(status="dispatching", handler_ids=(ANNA, BO))
        answers = await asyncio.gather(
            *(send(client, request, "accept", handler_id=one) for one in (ANNA, BO))
        )
        assert [answer.json()["status"] for answer in answers] == ["dispatched"] * 2
        assert (await send(client, request, "handle")).json()["handled_by"] == BO


class TestHandle:
    async def test_by_a_handler_who_has_not_accepted(
        self, client: httpx.AsyncClient, make_request: Make, problem: ProblemOf
    ) -> None:
        request = await make_request(status="dispatched", handler_ids=(ANNA, BO))
        response = await send(client, request, "handle")
        assert problem(response) == (409, "handler-has-not-accepted")
        response = await send(client, request, "handle", handler_id=str(uuid4()))
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
        client: httpx.AsyncClient,
        make_request: Make,
        problem: ProblemOf,
        handler: str,
        fields: dict[str, Any],
        code: str,
    ) -> None:
        request = await make_request(status="dispatched")
        response = await send(client, request, "handle", handler_id=handler, **fields)
        assert problem(response) == (422, code)

    async def test_a_refused_sheet_leaves_the_product_file_alone(
        self, client: httpx.AsyncClient, make_file: Make, make_request: Make, handler: str
    ) -> None:
        file = await make_file(register=True)
        request = await make_request(
            status="dispatched", customer_id=file["customer_id"], product_file_id=file["id"]
        )
        await send(client, request, "handle", handler_id=handler, handled_on=FUTURE)
        assert (await client.get(f"/v1/product-files/{file['id']}")).json() == file

    async def test_parts_without_a_product_file_stay_in_the_history(
        self, client: httpx.AsyncClient, make_request: Make, handler: str
    ) -> None:
        request = await make_request(status="dispatched")
        parts = [{"product_name": "风扇", "quantity": "1", "serial_number": None}]
        await send(client, request, "handle", handler_id=handler, parts=parts)
        assert (await history(client, request))[-1]["parts"] == parts

    async def test_while_the_product_file_is_changed(
        self, client: httpx.AsyncClient, make_file: Make, make_request: Make, handler: str
    ) -> None:
        file = await make_file(register=True)
        request = await make_request(
            status="dispatched", customer_id=file["customer_id"], product_file_id=file["id"]
        )
        url = f"/v1/product-files/{file['id']}"
        handled, patched = await asyncio.gather(
            send(client, request, "handle", handler_id=handler),
            client.patch(url, json={"warranty_until": FUTURE}, headers={"If-Match": '"1"'}),
        )
        assert handled.status_code == 200
        after = (await client.get(url)).json()
        assert after["last_maintained_on"] == TODAY.isoformat()
        assert (patched.status_code, after["version"]) in {(200, 3), (412, 2)}


class TestClose:
    async def test_several_at_once(
        self, client: httpx.AsyncClient, make_request: Make, database: Database, tenant: str
    ) -> None:
        request = await make_request(status="handled")
        answers = await asyncio.gather(*(send(client, request, "close") for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        closed = await emitted(database, tenant, "service-desk.request-closed.v1")
        assert len(closed) == 1

    async def test_repeated_with_the_same_key(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        request = await make_request(status="handled")
        url, key = f"/v1/requests/{request['id']}/close", {"Idempotency-Key": "again"}
        first, second = [
            await client.post(url, json=BODIES["close"], headers=key) for _ in range(2)
        ]
        assert (first.status_code, second.status_code) == (200, 200)
        assert (second.json(), second.headers["etag"]) == (first.json(), first.headers["etag"])


class TestReopen:
    @pytest.mark.parametrize(("days", "status"), [(14, 200), (15, 409)])
    async def test_some_days_after_it_was_closed(
        self,
        client: httpx.AsyncClient,
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
                .values(closed_on=TODAY - timedelta(days=days))
            )
        response = await send(client, request, "reopen")
        assert response.status_code == status
        if status == 409:
            assert problem(response) == (409, "reopen-too-late")

    async def test_goes_through_dispatch_again(
        self, client: httpx.AsyncClient, make_request: Make
    ) -> None:
        request = await make_request(status="closed")
        for command in ("reopen", "dispatch", "accept", "handle", "close"):
            response = await send(client, request, command)
            assert response.status_code == 200, response.text
        statuses = [order["status"] for order in await orders(client, request)]
        assert statuses == ["handled", "handled"]
