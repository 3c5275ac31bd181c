"""The requests of a leaver go to the successor that the customer service names (C4)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_kernel.db import Database
from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.testing.events import RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.hand_overs import HandOvers, started
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_service_desk.consumers import fold
from kehu_service_desk.hand_overs.models import HandOverRef
from kehu_service_desk.hand_overs.service import move_requests

Make = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Awaitable[httpx.Response]]


class TestHandOvers(HandOvers):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = HandOverRef
    move = staticmethod(move_requests)

    @pytest.fixture
    def make_held(self, make_request: Make, send: Send) -> Callable[[UUID], Awaitable[str]]:
        """Makes a request that somebody follows; returns its id."""

        async def make(employee: UUID) -> str:
            request = await make_request()
            assert (await send(request, "assign", follower_id=str(employee))).status_code == 200
            return str(request["id"])

        return make

    @pytest.fixture
    def held(self, client: httpx.AsyncClient) -> Callable[[UUID], Awaitable[set[str]]]:
        """Returns the ids of what somebody follows."""

        async def read(employee: UUID) -> set[str]:
            answer = await client.get("/v1/requests", params={"follower_id": str(employee)})
            return {one["id"] for one in answer.json()["items"]}

        return read


async def test_work_under_way_is_offered_to_the_successor_and_what_is_done_stays(
    client: httpx.AsyncClient,
    make_request: Make,
    send: Send,
    running: RunningService,
    database: Database,
    tenant: str,
) -> None:
    leaver, successor, colleague = (str(uuid4()) for _ in range(3))
    accepted = await make_request(status="dispatched", handler_ids=(leaver,))
    joined = await make_request(status="dispatched", handler_ids=(colleague, leaver))
    both = await make_request(status="dispatching", handler_ids=(leaver, successor))
    handled = await make_request(status="handled", handler_ids=(leaver,))
    closed = await make_request(status="closed", handler_ids=(leaver,))
    event = started(UUID(leaver), UUID(successor))
    deliver = deliveries(fold, running.worker_database, RecordedDeadLetters())
    await deliver(fact_of(event, tenant, sequence=1))
    work = HandOverWork(running.databases, HandOverRef, move_requests, lambda: None, batch=2)
    while await work.work():
        pass

    async def now(request: dict[str, Any]) -> tuple[str, list[str]]:
        read = (await client.get(f"/v1/requests/{request['id']}")).json()
        return read["status"], read["handler_ids"]

    assert await now(accepted) == ("dispatching", [successor])
    assert await now(joined) == ("dispatched", [colleague, successor])
    assert await now(both) == ("dispatching", [successor])
    assert await now(handled) == ("handled", [leaver])
    assert await now(closed) == ("closed", [leaver])
    answer = await send(accepted, "accept", handler_id=leaver)
    assert answer.status_code >= 400
    answer = await send(accepted, "accept", handler_id=successor)
    assert answer.json()["status"] == "dispatched", answer.text
    steps = (await client.get(f"/v1/requests/{joined['id']}/history")).json()["items"]
    assert (steps[-1]["step"], steps[-1]["employee_ids"]) == ("dispatched", [successor])
    told = await emitted(database, tenant, "service-desk.request-dispatched.v1")
    assert [one.key for one in told if successor in one.data["handler_ids"]][-3:] != []
