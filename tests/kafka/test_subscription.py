"""Consumers on a real broker: rebalances, restarts, poison; every effect once and in order."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope
from kehu_kernel import broker, parking
from kehu_kernel.consumer import consume
from kehu_kernel.db import Database
from kehu_kernel.projection import project
from kehu_kernel.records import Fact
from kehu_kernel.relay import Relay
from kehu_kernel.session import Session
from kehu_kernel.subscription import Subscription
from kehu_kernel.testing.broker import eventually, published, running
from kehu_kernel.testing.events import EventDatabase, change, note

pytestmark = pytest.mark.kafka

TOPIC = "kehu-customer-events"
Make = Callable[[], Subscription]


async def keep_newest(session: Session, facts: Sequence[Fact]) -> None:
    """Fold: the newest sequence of each customer; the ledger shows what was new."""
    for _, envelope in facts:
        values = {"t": envelope.tenant_id, "k": envelope.subject, "s": envelope.sequence}
        fresh = await session.scalar(
            text(
                "INSERT INTO newest VALUES (:t, :k, :s, '') ON CONFLICT (tenant_id, key) "
                "DO UPDATE SET sequence = excluded.sequence "
                "WHERE newest.sequence < excluded.sequence RETURNING sequence"
            ),
            values,
        )
        if fresh is not None:
            await session.execute(
                text("INSERT INTO ledger (tenant_id, key, sequence) VALUES (:t, :k, :s)"), values
            )


@pytest.fixture(params=["side effects", "projection"])
def make(request: pytest.FixtureRequest, events: EventDatabase, bootstrap: str) -> Make:
    """Makes members of one group, of either kind."""
    if request.param == "projection":
        return lambda: project(
            keep_newest,
            consumer="analytics",
            database=events.worker,
            bootstrap=bootstrap,
            after_commit=lambda: None,
        )
    return lambda: consume(
        {CustomerChanged: note},
        consumer="sales",
        database=events.app,
        bootstrap=bootstrap,
        after_commit=lambda: None,
    )


@pytest.fixture
def relay(events: EventDatabase, bootstrap: str) -> Relay:
    return Relay(events.worker, service="customer", bootstrap=bootstrap)


@asynccontextmanager
async def steady_load(events: EventDatabase, tenant: str) -> AsyncIterator[dict[str, int]]:
    """Change a few aggregates all the time; gives the versions they have at the end."""
    customers = [uuid4() for _ in range(8)]
    versions: dict[str, int] = {}
    going = True

    async def load() -> None:
        while going:
            for customer in customers:
                versions[str(customer)] = await change(events, tenant, customer)

    task = asyncio.create_task(load())
    try:
        yield versions
    finally:
        going = False
        await task


def in_order(ledger: list[tuple[str, int]]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for key, sequence in ledger:
        found[key].append(sequence)
    return dict(found)


def complete(versions: dict[str, int]) -> dict[str, list[int]]:
    return {key: list(range(1, version + 1)) for key, version in versions.items()}


class TestMembers:
    async def test_a_second_member_joins_and_the_first_leaves_under_load(
        self, make: Make, relay: Relay, events: EventDatabase, tenant: str
    ) -> None:
        async with running(relay):
            async with steady_load(events, tenant) as versions:
                async with running(make()):
                    await eventually(lambda: events.ledger(tenant))
                    second = running(make())
                    await second.__aenter__()
                    await asyncio.sleep(3)
                await asyncio.sleep(1)
            wanted = complete(versions)
            total = sum(versions.values())
            found = await eventually(
                lambda: events.ledger(tenant), lambda ledger: len(ledger) >= total
            )
            await second.__aexit__(None, None, None)
        assert in_order(found) == wanted

    async def test_a_restarted_member_goes_on_where_it_was(
        self, make: Make, relay: Relay, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        async with running(relay):
            for round_ in (1, 2):
                async with running(make()):
                    await change(events, tenant, customer)
                    await eventually(lambda: events.ledger(tenant), having(round_))
        assert await events.ledger(tenant) == [(str(customer), 1), (str(customer), 2)]

    async def test_a_database_that_ends_every_session_is_waited_for(
        self, make: Make, relay: Relay, events: EventDatabase, tenant: str
    ) -> None:
        end_all = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND usename = current_user "
            "AND pid <> pg_backend_pid()"
        )
        customer = uuid4()
        async with running(relay), running(make()):
            for _ in range(4):
                await change(events, tenant, customer)
                await asyncio.sleep(0.2)
                for database in (events.worker, events.app):
                    await eventually(partial(succeeds, database, end_all))
            found = await eventually(lambda: events.ledger(tenant), having(4))
        assert in_order(found) == {str(customer): [1, 2, 3, 4]}

    async def test_what_is_handled_is_committed_for_lag_tools(
        self, make: Make, relay: Relay, events: EventDatabase, bootstrap: str, tenant: str
    ) -> None:
        member = make()
        async with running(relay), running(member):
            await change(events, tenant, uuid4())
            await eventually(lambda: events.ledger(tenant))
            # The topic also holds what other tests published: all of it has to be handled first.
            group = f"kehu-{member.consumer}"
            await eventually(lambda: lag(bootstrap, group), lambda left: left == 0)


class TestPoison:
    async def test_goes_to_the_dead_letters_and_is_healed_by_a_replay(
        self, events: EventDatabase, relay: Relay, bootstrap: str, tenant: str
    ) -> None:
        sick, well = uuid4(), uuid4()
        fixed = False

        async def handler(session: Session, event: Event, envelope: Envelope) -> None:
            if envelope.subject == str(sick) and envelope.sequence == 2 and not fixed:
                raise ValueError("bug")
            await note(session, event, envelope)

        member = consume(
            {CustomerChanged: handler},
            consumer="sales",
            database=events.app,
            bootstrap=bootstrap,
            after_commit=lambda: None,
        )
        async with running(relay), running(member):
            for customer in (sick, sick, well, sick, well):
                await change(events, tenant, customer)
            waiting = "SELECT count(*) FROM parked_events WHERE tenant_id = :t"
            await eventually(
                lambda: events.scalar(waiting, t=tenant), lambda count: count == 2, seconds=30
            )
            await eventually(lambda: events.ledger(tenant), having(3))
            dead = await published(bootstrap, f"{TOPIC}-sales-dlq", tenant)
            assert [(e.subject, e.sequence) for e in dead] == [(str(sick), 2)]
            fixed = True
            async with events.worker.worker_transaction() as session:
                parked = await parking.list_parked(session, "sales")
            lanes = [found.lane for found in parked if found.lane.tenant_id == tenant]
            assert [lane.key for lane in lanes] == [str(sick)]
            assert (await parking.replay(member, lanes[0])).failure is None
            await change(events, tenant, sick)
            found = await eventually(lambda: events.ledger(tenant), having(6))
        assert in_order(found) == {str(sick): [1, 2, 3, 4], str(well): [1, 2]}

    async def test_garbage_on_the_topic_stops_nobody(
        self, make: Make, relay: Relay, events: EventDatabase, bootstrap: str, tenant: str
    ) -> None:
        member = make()
        customer = uuid4()
        await broker.ensure_topics(bootstrap, "customer")
        producer = broker.new_producer(bootstrap, client_id="vandal")
        await producer.start()
        for partition in range(6):
            headers = [("ce_tenantid", tenant.encode()), ("ce_id", b"\xff\x00")]
            await producer.send_and_wait(
                TOPIC, b"\x00garbage", key=b"\xfe\x00", partition=partition, headers=headers
            )
        await producer.stop()
        async with running(relay), running(member):
            await change(events, tenant, customer)
            await eventually(lambda: events.ledger(tenant))
            parked = "SELECT count(*) FROM parked_events WHERE tenant_id = :t AND consumer = :c"
            await eventually(
                lambda: events.scalar(parked, t=tenant, c=member.consumer),
                lambda count: count == 6,
            )


def having(count: int) -> Callable[[list[tuple[str, int]]], bool]:
    """Return a check that a ledger has so many lines."""
    return lambda ledger: len(ledger) == count


async def succeeds(database: Database, statement: str) -> bool:
    """Say whether a query came through: the session it used may have been ended before."""
    try:
        async with database.worker_transaction() as session:
            await session.execute(text(statement))
    except DBAPIError:
        return False
    return True


async def lag(bootstrap: str, group: str) -> int:
    """Return how many records of the topic the group has not committed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [TopicPartition(TOPIC, number) for number in range(6)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        return sum([ends[place] - (await consumer.committed(place) or 0) for place in places])
    finally:
        await consumer.stop()
