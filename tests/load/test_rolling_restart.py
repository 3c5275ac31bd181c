"""Every service is replaced while people work: no request fails, no event is lost or doubled."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import asyncpg
import pytest

from kehu_local.load import Ask, Caller, Reply, keep_asking
from kehu_local.postgres import url_for
from kehu_local.testing import System

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]

CLIENTS = 4
PAUSE = 0.05
ROUNDS = 2
READS = (
    "/api/customer/v1/customers", "/api/sales/v1/opportunities", "/api/service-desk/v1/requests",
    "/api/marketing/v1/leads", "/api/analytics/v1/values",
)  # fmt: skip


def a_mix() -> Callable[[], Ask]:
    """Commands in customer and marketing, with and without a key, and reads of every service."""
    numbers = itertools.count()

    def next_ask() -> Ask:
        number = next(numbers)
        if number % 3 == 0:
            name = f"客户 {number}"
            key = uuid4().hex if number % 2 else None
            body = {"kind": "person", "name": name}
            return Ask("POST", "/api/customer/v1/customers", body, key=key, note="customer")
        if number % 3 == 1:
            body = {"topic": "咨询", "source": "other", "customer_name": f"客户 {number}"}
            return Ask("POST", "/api/marketing/v1/leads", body, note="lead")
        return Ask("GET", READS[number // 3 % len(READS)])

    return next_ask


async def ids_in(system: System, service: str, query: str, tenant: str) -> list[str]:
    """Return what the query finds in a service's database, seen by its worker."""
    database = system.config.service(service).database
    connection = await asyncpg.connect(url_for(system.config.admin_url, "kehu_worker", database))
    try:
        return [str(row[0]) for row in await connection.fetch(query, tenant)]
    finally:
        await connection.close()


def told(replies: list[Reply], note: str) -> list[str]:
    """Return the ids of what was acknowledged."""
    return sorted(str(one.json()["id"]) for one in replies if one.ask.note == note)


async def test_nothing_fails_and_every_event_arrives_once(system: System, tenant: str) -> None:
    user = system.user(tenant)
    token = user.http.headers["authorization"].removeprefix("Bearer ")
    caller = Caller(system.config.gateway_port, token)
    stop = asyncio.Event()
    before = {one.name: one.pid for one in system.supervisor.running()}
    load = asyncio.create_task(
        keep_asking(caller, a_mix(), clients=CLIENTS, stop=stop, pause=PAUSE)
    )
    try:
        for _ in range(ROUNDS):
            await asyncio.to_thread(system.supervisor.restart)
    finally:
        stop.set()
        tally = await load
        caller.close()
    after = {one.name: one.pid for one in system.supervisor.running()}
    replaced = {name for name, pid in after.items() if before[name] != pid}
    assert replaced == {service.slug for service in system.config.services}
    assert Counter((one.status, one.body[:200]) for one in tally.failed()) == Counter()

    for service, note, table in (
        ("customer", "customer", "customer_facts"),
        ("marketing", "lead", "lead_facts"),
    ):
        acknowledged = told(tally.replies, note)
        assert len(acknowledged) > ROUNDS
        made = "SELECT key FROM outbox WHERE tenant_id = $1"
        assert sorted(await ids_in(system, service, made, tenant)) == acknowledged
        facts = f"SELECT id FROM {table} WHERE tenant_id = $1"
        deadline = asyncio.get_running_loop().time() + 90
        while sorted(arrived := await ids_in(system, "analytics", facts, tenant)) != acknowledged:
            assert asyncio.get_running_loop().time() < deadline, (
                f"{len(acknowledged)} acknowledged, {len(arrived)} arrived"
            )
            await asyncio.sleep(0.5)
    parked = "SELECT event_id FROM parked_events WHERE tenant_id = $1"
    assert await ids_in(system, "analytics", parked, tenant) == []
