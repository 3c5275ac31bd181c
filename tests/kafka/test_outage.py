"""The broker goes away under load and comes back: events wait, then flow; nothing is lost."""

import asyncio
import os
from typing import Protocol
from uuid import uuid4

import pytest

from kehu_contracts.customer import CustomerChanged
from kehu_kernel.consumer import consume
from kehu_kernel.relay import Relay
from kehu_kernel.testing.broker import eventually, running
from kehu_kernel.testing.events import EventDatabase, change, note

pytestmark = pytest.mark.kafka


class OwnBroker(Protocol):
    """The `own_broker` fixture."""

    bootstrap: str

    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def restart(self) -> None: ...


@pytest.mark.timeout(300)  # Apache Kafka is started twice
async def test_a_broker_that_is_gone_for_a_while_loses_nothing(
    own_broker: OwnBroker, events: EventDatabase, tenant: str
) -> None:
    customers = [uuid4() for _ in range(4)]
    versions = dict.fromkeys(map(str, customers), 0)

    async def load(rounds: int) -> None:
        for _ in range(rounds):
            for customer in customers:
                versions[str(customer)] = await change(events, tenant, customer)

    def complete(ledger: list[tuple[str, int]]) -> bool:
        return len(ledger) == sum(versions.values())

    relay = Relay(events.worker, service="customer", bootstrap=own_broker.bootstrap)
    member = consume(
        {CustomerChanged: note},
        consumer="sales",
        database=events.app,
        bootstrap=own_broker.bootstrap,
        after_commit=relay.wake,
    )
    async with running(relay), running(member):
        await load(5)
        await eventually(lambda: events.ledger(tenant), complete)
        # The embedded broker keeps what it was told to only when it is stopped in order.
        end = own_broker.kill if os.environ.get("KEHU_TEST_BROKER") == "apache" else own_broker.stop
        await asyncio.to_thread(end)
        await load(10)  # commands do not notice
        assert relay.stuck() is None
        await asyncio.to_thread(own_broker.restart)
        await load(5)
        ledger = await eventually(lambda: events.ledger(tenant), complete, seconds=90)
    handled: dict[str, list[int]] = {key: [] for key in versions}
    for key, sequence in ledger:
        handled[key].append(sequence)
    assert handled == {key: list(range(1, last + 1)) for key, last in versions.items()}
