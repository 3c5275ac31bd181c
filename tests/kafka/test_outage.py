"""The broker goes away under load and comes back: events wait, then flow; nothing is lost."""

import asyncio
import contextlib
import os
from typing import Protocol
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from kehu_contracts.customer import CustomerChanged
from kehu_kernel.broker import abort, ensure_topics, new_producer
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


@pytest.mark.timeout(300)
async def test_a_producer_can_be_given_up_while_it_waits_for_a_silent_broker(
    own_broker: OwnBroker,
) -> None:
    await ensure_topics(own_broker.bootstrap, "customer")
    producer = new_producer(own_broker.bootstrap, client_id="given-up")
    await producer.start()
    await producer.partitions_for("kehu-customer-events")  # which may have been made just now
    await asyncio.to_thread(own_broker.stop)
    host, port = own_broker.bootstrap.split(":")
    try:
        async with await asyncio.start_server(_say_nothing, host, int(port)) as silent:
            sent = await producer.send("kehu-customer-events", key=b"k", value=b"v")
            await asyncio.sleep(2)  # it asks in vain who leads the partition
            await abort(producer)  # and raises nothing: the relay goes on with another producer
            silent.close()
        assert isinstance(sent.exception(), KafkaConnectionError)
    finally:
        await asyncio.to_thread(own_broker.restart)


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(1000):
            pass
    writer.close()
