"""The leads of a leaver go to the successor that the customer service names (C4)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.examples import load
from kehu_contracts.ownership import HandOverStarted
from kehu_kernel.db import Database
from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.testing.events import RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.hand_overs import HandOvers, Held, MakeHeld
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService
from kehu_marketing.consumers import fold
from kehu_marketing.hand_overs.models import HandOverRef
from kehu_marketing.hand_overs.service import move_leads

Make = Callable[..., Awaitable[dict[str, Any]]]


async def test_open_and_given_up_leads_go_to_the_successor(
    client: httpx.AsyncClient,
    make_lead: Make,
    running: RunningService,
    database: Database,
    tenant: str,
) -> None:
    example = HandOverStarted.from_bytes(load(HandOverStarted.type)[0].data)
    leaver, successor, other = (str(uuid4()) for _ in range(3))
    made = [await make_lead(owner_id=leaver) for _ in range(5)]
    given_up = f"/v1/leads/{made[0]['id']}/disqualify"
    assert (await client.post(given_up, json={"reason": "无预算"})).status_code == 200
    kept = await make_lead(owner_id=other)
    named = {"employee_id": leaver, "successor_id": successor}
    event = HandOverStarted.model_validate(example.model_dump() | named)
    deliver = deliveries(fold, running.worker_database, RecordedDeadLetters())
    worker = HandOverWork(running.databases, HandOverRef, move_leads, lambda: None, batch=2)
    for _ in range(2):  # told twice, nothing is moved twice
        await deliver(fact_of(event, tenant, sequence=1))
        while await worker.work():
            pass
    leads = {one["id"]: one for one in (await client.get("/v1/leads")).json()["items"]}
    assert {leads[one["id"]]["owner_id"] for one in made} == {successor}
    assert leads[kept["id"]]["owner_id"] == other
    told = [
        one
        for one in await emitted(database, tenant, "marketing.lead-changed.v1")
        if one.data["changed"] == ["owner_id"]
    ]
    assert sorted(one.key for one in told) == sorted(one["id"] for one in made)


class TestHandOvers(HandOvers):
    """Those of this service."""

    fold = staticmethod(fold)
    copies = HandOverRef
    move = staticmethod(move_leads)

    @pytest.fixture
    def make_held(self, make_lead: Make) -> MakeHeld:
        """Enters a lead of somebody's; returns its id."""

        async def make(employee: UUID) -> str:
            return str((await make_lead(owner_id=str(employee)))["id"])

        return make

    @pytest.fixture
    def held(self, client: httpx.AsyncClient) -> Held:
        """Returns the ids of somebody's leads."""

        async def read(employee: UUID) -> set[str]:
            answer = await client.get("/v1/leads", params={"owner_id": str(employee)})
            return {one["id"] for one in answer.json()["items"]}

        return read
