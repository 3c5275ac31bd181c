"""The relay between a real PostgreSQL and a real broker: nothing lost, nothing out of order."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from kehu_contracts.envelope import Envelope
from kehu_kernel.context import Context
from kehu_kernel.relay import Relay, republish
from kehu_kernel.testing.broker import eventually, published, running
from kehu_kernel.testing.events import EventDatabase, change, change_in

pytestmark = pytest.mark.kafka

TOPIC = "kehu-customer-events"
Make = Callable[[], Relay]
Look = Callable[[], Awaitable[list[Envelope]]]


@pytest.fixture
def make(events: EventDatabase, bootstrap: str) -> Make:
    return lambda: Relay(events.worker, service="customer", bootstrap=bootstrap)


@pytest.fixture
def on_topic(bootstrap: str, tenant: str) -> Look:
    """Look at the tenant's events on the topic."""
    return lambda: published(bootstrap, TOPIC, tenant)


async def all_sent(events: EventDatabase) -> bool:
    return await events.scalar("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0


def sequences(envelopes: list[Envelope]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for envelope in envelopes:
        found[envelope.subject].append(envelope.sequence)
    return dict(found)


async def relay_sessions(events: EventDatabase) -> list[int]:
    """Return the database sessions that hold shards."""
    async with events.worker.worker_transaction() as session:
        pids = await session.scalars(
            text(
                "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
        return list(pids)


class TestOrder:
    async def test_of_hot_aggregates_under_concurrent_writers(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        customers = [uuid4() for _ in range(4)]
        committed: dict[str, int] = defaultdict(int)

        async def writer(number: int) -> None:
            chance = random.Random(number)
            for _ in range(30):
                customer = chance.choice(customers)
                context = Context(tenant_id=tenant, actor="writer")
                async with events.app.session(context) as session:
                    await change_in(session, tenant, customer)
                    await session.flush()
                    if chance.random() < 0.2:
                        await asyncio.sleep(chance.random() / 50)
                    if chance.random() < 0.1:
                        continue  # and be rolled back
                    await session.commit()
                committed[str(customer)] += 1

        async with running(make()):
            await asyncio.gather(*(writer(number) for number in range(8)))
            await eventually(lambda: all_sent(events))
        assert sequences(await on_topic()) == {
            key: list(range(1, count + 1)) for key, count in committed.items()
        }

    async def test_of_a_transaction_that_commits_late_with_a_small_id(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        slow, fast = uuid4(), uuid4()
        async with running(make()):
            async with events.app.transaction(Context(tenant_id=tenant, actor="a")) as session:
                await change_in(session, tenant, slow)
                await session.flush()
                await change(events, tenant, fast)
                await eventually(on_topic)
            found = await eventually(on_topic, lambda envelopes: len(envelopes) == 2)
        assert sequences(found) == {str(fast): [1], str(slow): [1]}


class TestOwnership:
    async def test_of_two_relays_one_works_and_the_other_takes_over(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        customer = uuid4()
        async with running(make()):
            await eventually(lambda: relay_sessions(events))
            second = running(make())
            await second.__aenter__()
            for _ in range(20):
                await change(events, tenant, customer)
                await asyncio.sleep(0.02)
            await eventually(lambda: all_sent(events))
            assert len(await relay_sessions(events)) == 1
        try:
            await change(events, tenant, customer)
            await eventually(lambda: all_sent(events))
        finally:
            await second.__aexit__(None, None, None)
        assert sequences(await on_topic()) == {str(customer): list(range(1, 22))}

    async def test_a_relay_cut_off_between_sending_and_marking_repeats_but_loses_nothing(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        customer = uuid4()
        for _ in range(3):
            await change(events, tenant, customer)
        async with running(make()):
            async with events.worker.worker_transaction() as session:
                await session.execute(text("SELECT FROM outbox FOR UPDATE"))  # marking has to wait
                await eventually(on_topic, lambda envelopes: len(envelopes) >= 3)
                for pid in await relay_sessions(events):
                    await session.execute(text("SELECT pg_terminate_backend(:p)"), {"p": pid})
            await change(events, tenant, customer)
            await eventually(lambda: all_sent(events))
        found = await on_topic()
        assert [e.sequence for e in found] == [1, 2, 3, 1, 2, 3, 4]
        assert len({(e.id, e.data, tuple(e.headers())) for e in found}) == 4

    async def test_a_database_that_ends_every_session_is_come_back_to(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        customer = uuid4()
        async with running(make()):
            for _ in range(5):
                await change(events, tenant, customer)
                for pid in await relay_sessions(events):
                    await events.scalar("SELECT pg_terminate_backend(:p)", p=pid)
            await eventually(lambda: all_sent(events))
        assert sorted({e.sequence for e in await on_topic()}) == [1, 2, 3, 4, 5]


class TestFailures:
    async def test_an_event_nobody_takes_holds_back_its_own_aggregate_only(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        sick, well = uuid4(), uuid4()
        await change(events, tenant, sick)
        async with events.worker.worker_transaction() as session:
            huge = "UPDATE outbox SET payload = repeat('x', 2000000)::bytea WHERE tenant_id = :t"
            await session.execute(text(huge), {"t": tenant})
        for customer in (sick, well, sick, well):
            await change(events, tenant, customer)
        async with running(make()):
            found = await eventually(on_topic, lambda envelopes: len(envelopes) == 2)
            await asyncio.sleep(0.3)
        assert sequences(found) == {str(well): [1, 2]}
        assert await events.scalar("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 3

    async def test_without_a_broker_events_wait_and_commands_go_on(
        self, events: EventDatabase, bootstrap: str, on_topic: Look, tenant: str
    ) -> None:
        customer = uuid4()
        lonely = Relay(events.worker, service="customer", bootstrap="127.0.0.1:1")
        async with running(lonely):
            assert [await change(events, tenant, customer) for _ in range(3)] == [1, 2, 3]
            await asyncio.sleep(0.5)
            assert not await all_sent(events)
            assert lonely.stuck() is None
        async with running(Relay(events.worker, service="customer", bootstrap=bootstrap)):
            await eventually(lambda: all_sent(events))
        assert sequences(await on_topic()) == {str(customer): [1, 2, 3]}


class TestRepublish:
    async def test_sends_the_same_bytes_again(
        self, make: Make, events: EventDatabase, on_topic: Look, tenant: str
    ) -> None:
        customer: UUID = uuid4()
        await change(events, tenant, customer)
        async with running(make()):
            await eventually(lambda: all_sent(events))
            event_id = await events.scalar("SELECT event_id FROM outbox")
            assert isinstance(event_id, UUID)
            assert await republish(events.worker, event_ids=[event_id]) == 1
            first, second = await eventually(on_topic, lambda envelopes: len(envelopes) == 2)
        assert first == second
