"""The work of watching the credit reports of all tenants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_customer.credit_investigations import worker
from kehu_customer.credit_investigations.worker import ExpiryWork
from kehu_kernel.db import Database
from kehu_kernel.rounds import Rounds
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import ClientFor, RunningService

OPENED = "customer.credit-investigation-opened.v1"
Expired = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture
def expired() -> Expired:
    """Enters a customer whose credit report has expired."""

    async def enter(client: httpx.AsyncClient) -> None:
        body: dict[str, Any] = {"kind": "organisation", "name": "甲"}
        customer = (await client.post("/v1/customers", json=body)).json()["id"]
        report = {"customer_id": customer, "source": "own", "reported_on": "2024-03-01"}
        assert (await client.post("/v1/credit-reports", json=report)).status_code == 201

    return enter


def work_of(running: RunningService, wake_relay: Callable[[], None]) -> ExpiryWork:
    return ExpiryWork(running.databases, running.settings.time_zone, wake_relay)


async def test_asks_for_every_tenant_once_however_often_it_runs(
    running: RunningService,
    client_for: ClientFor,
    database: Database,
    expired: Expired,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "LOT", 2)
    tenants = [f"t-{uuid4().hex[:12]}" for _ in range(2)]
    for tenant in tenants:
        for _ in range(3):
            await expired(client_for(tenant))
    woken: list[int] = []
    workers = [work_of(running, lambda: woken.append(1)) for _ in range(2)]
    while sum(await asyncio.gather(*(one.work() for one in workers))):
        pass
    assert [len(await emitted(database, tenant, OPENED)) for tenant in tenants] == [3, 3]
    assert woken
    await workers[0].work()
    assert [len(await emitted(database, tenant, OPENED)) for tenant in tenants] == [3, 3]


async def test_begins_at_once_and_ends_when_told(
    running: RunningService,
    client: httpx.AsyncClient,
    database: Database,
    tenant: str,
    expired: Expired,
) -> None:
    await expired(client)
    stop, told = asyncio.Event(), asyncio.Event()
    one = Rounds("credit-expiry", work_of(running, told.set).work, poll_interval=3600.0)
    task = asyncio.create_task(one.run(stop))
    async with asyncio.timeout(20):
        while not await emitted(database, tenant, OPENED):
            await told.wait()
            told.clear()
    stop.set()
    await asyncio.wait_for(task, 20)
