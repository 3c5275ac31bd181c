"""A consumer whose handler never returns is started again, and what it had begun is done once."""

import asyncio
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope
from kehu_kernel.consumer import consume
from kehu_kernel.relay import Relay
from kehu_kernel.session import Session
from kehu_kernel.testing.broker import eventually, running
from kehu_kernel.testing.events import EventDatabase, change, note
from kehu_kernel.watchdog import Minder

pytestmark = pytest.mark.kafka


async def test_a_handler_that_never_returns(
    events: EventDatabase, bootstrap: str, tenant: str
) -> None:
    calls: list[int] = []

    async def stuck_once(session: Session, event: CustomerChanged, envelope: Envelope) -> None:
        if envelope.tenant_id != tenant:
            return  # the topic has the events of other tests, too
        calls.append(envelope.sequence)
        await note(session, event, envelope)
        if calls == [1, 2]:
            await asyncio.Event().wait()

    async def hanging() -> bool:
        return calls == [1, 2]

    async def started_again() -> bool:
        labels = {"worker": member.name}
        return bool(REGISTRY.get_sample_value("kehu_worker_restarts_total", labels))

    customer = uuid4()
    relay = Relay(events.worker, service="customer", bootstrap=bootstrap)
    member = consume(
        {CustomerChanged: stuck_once},
        consumer="sales",
        database=events.app,
        bootstrap=bootstrap,
        after_commit=relay.wake,
    )
    minder = Minder(member, restarts=3, look_every=0.1)
    stop = asyncio.Event()
    minding = asyncio.create_task(minder.run(stop))
    async with running(relay):
        for _ in range(3):
            await change(events, tenant, customer)
        await eventually(hanging, seconds=60)
        patience, member.stuck_after = member.stuck_after, 1.0
        await eventually(started_again)
        # Joining the group anew may take longer than that.
        member.stuck_after = patience
        done = await eventually(
            lambda: events.ledger(tenant), lambda ledger: len(ledger) >= 3, seconds=30
        )
        assert done == [(str(customer), version) for version in (1, 2, 3)]
        assert calls.count(2) > 1  # it hung, and was tried again
        assert minder.stuck() is None
        stop.set()
        await minding


async def test_a_relay_that_is_started_again_goes_on(
    events: EventDatabase, bootstrap: str, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(events.worker, service="customer", bootstrap=bootstrap)
    relay.stuck_after = 3.0
    publish, calls = relay._publish, []

    async def stuck_once(rows):  # type: ignore[no-untyped-def]
        calls.append(len(rows))
        if len(calls) == 1:
            await asyncio.Event().wait()
        return await publish(rows)

    monkeypatch.setattr(relay, "_publish", stuck_once)
    stop = asyncio.Event()
    minding = asyncio.create_task(Minder(relay, restarts=3, look_every=0.1).run(stop))
    await change(events, tenant, uuid4())
    unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
    await eventually(lambda: events.scalar(unsent), lambda count: count == 0, seconds=90)
    assert len(calls) == 2
    stop.set()
    await minding
