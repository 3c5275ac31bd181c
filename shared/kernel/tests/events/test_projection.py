"""Projections: a batch is folded exactly once, in order, whatever fails on the way."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from kehu_contracts.customer import CustomerChanged
from kehu_kernel import parking
from kehu_kernel.errors import ConcurrentChange
from kehu_kernel.projection import Fold, Projection
from kehu_kernel.records import Fact, Lane, understand
from kehu_kernel.session import Session
from kehu_kernel.subscription import LostOwnership, Partition, Step
from kehu_kernel.testing.events import (
    EventDatabase,
    RecordedDeadLetters,
    TestRecord,
    customer_changed,
    record_of,
)

TOPIC = "kehu-customer-events"
Make = Callable[..., Projection]


@pytest.fixture
def consumer() -> str:
    """A consumer of its own for every test: offsets start at zero."""
    return f"analytics-{uuid4().hex[:8]}"


@pytest.fixture
def make(events: EventDatabase, dead_letters: RecordedDeadLetters, consumer: str) -> Make:
    def make(fold: Fold | None = None) -> Projection:
        return Projection(
            fold or newest,
            consumer=consumer,
            database=events.worker,
            dead_letters=dead_letters,
            after_commit=lambda: None,
            max_attempts=2,
        )

    return make


async def newest(session: Session, facts: Sequence[Fact]) -> None:
    """Keep the newest name of each customer, and a ledger of what was new (a fold for tests)."""
    for event, envelope in facts:
        assert isinstance(event, CustomerChanged)
        values = {
            "t": envelope.tenant_id, "k": envelope.subject, "s": envelope.sequence,
            "n": event.name,
        }  # fmt: skip
        fresh = await session.scalar(
            text(
                "INSERT INTO newest VALUES (:t, :k, :s, :n) ON CONFLICT (tenant_id, key) "
                "DO UPDATE SET sequence = excluded.sequence, name = excluded.name "
                "WHERE newest.sequence < excluded.sequence RETURNING sequence"
            ),
            values,
        )
        if fresh is not None:
            await session.execute(
                text("INSERT INTO ledger (tenant_id, key, sequence) VALUES (:t, :k, :s)"), values
            )


def sick_at(sequence: int, *, times: int = 99, error: Exception | None = None) -> Fold:
    """Return the fold above, with a bug that one sequence sets off so many times."""
    left = [times]

    async def fold(session: Session, facts: Sequence[Fact]) -> None:
        await newest(session, facts)
        if left[0] and any(envelope.sequence == sequence for _, envelope in facts):
            left[0] -= 1
            raise error or RuntimeError("bug")

    return fold


def log_of(tenant: str, *steps: tuple[UUID, int]) -> list[TestRecord]:
    return [
        record_of(
            customer_changed(customer, name=f"v{sequence}"), tenant, sequence=sequence, offset=place
        )
        for place, (customer, sequence) in enumerate(steps)
    ]


async def feed(projection: Projection, records: Sequence[TestRecord]) -> Step:
    """Deliver as the subscription does, again from where the projection stopped."""
    place = Partition(TOPIC, records[0].partition)
    step = (await projection.process({place: records}))[place]
    while step.retry_after is not None:
        await asyncio.sleep(step.retry_after / 10)
        step = (await projection.process({place: records}))[place]
    return step


async def started(projection: Projection, *partitions: int) -> Projection:
    await projection.positions([Partition(TOPIC, number) for number in partitions or (0,)])
    return projection


async def stored(events: EventDatabase, consumer: str) -> object:
    place = "SELECT next_offset FROM projection_offsets WHERE consumer = :c"
    return await events.scalar(place, c=consumer)


async def table(events: EventDatabase, tenant: str) -> list[tuple[str, int, str]]:
    async with events.worker.worker_transaction() as session:
        rows = await session.execute(
            text("SELECT key, sequence, name FROM newest WHERE tenant_id = :t ORDER BY key"),
            {"t": tenant},
        )
        return [(key, sequence, name) for key, sequence, name in rows]


class TestBatches:
    async def test_fold_and_offset_move_together(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        customer = uuid4()
        projection = await started(make())
        await feed(projection, log_of(tenant, (customer, 1), (customer, 2)))
        assert await table(events, tenant) == [(str(customer), 2, "v2")]
        assert await stored(events, consumer) == 2

    async def test_a_failing_batch_leaves_nothing_and_is_tried_again(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        records = log_of(tenant, (uuid4(), 1), (uuid4(), 2))
        projection = await started(make(sick_at(2, times=1)))
        step = (await projection.process({Partition(TOPIC, 0): records}))[Partition(TOPIC, 0)]
        assert (step.next_offset, await stored(events, consumer)) == (0, 0)
        assert await events.ledger(tenant) == []
        await feed(projection, records)
        assert len(await events.ledger(tenant)) == 2

    async def test_a_member_that_lost_its_partition_changes_nothing(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        customer = uuid4()
        records = log_of(tenant, (customer, 1), (customer, 2), (customer, 3))
        zombie, owner = await started(make()), await started(make())
        await feed(owner, records[:2])
        with pytest.raises(LostOwnership):
            await feed(zombie, records[:1])
        with pytest.raises(LostOwnership):
            await feed(zombie, records)
        assert await events.ledger(tenant) == [(str(customer), 1), (str(customer), 2)]
        await started(zombie)
        await feed(zombie, records[2:])
        assert await stored(events, consumer) == 3

    async def test_two_members_with_the_same_batch_fold_it_once(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        records = log_of(tenant, *((uuid4(), 1) for _ in range(5)))
        members = [await started(make()) for _ in range(4)]
        results = await asyncio.gather(
            *(feed(member, records) for member in members), return_exceptions=True
        )
        assert sum(isinstance(result, LostOwnership) for result in results) == 3
        assert len(await events.ledger(tenant)) == 5

    async def test_a_part_that_is_down_is_waited_for(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        projection = await started(make(sick_at(1, times=4, error=ConcurrentChange())))
        await feed(projection, log_of(tenant, (uuid4(), 1)))
        assert len(await events.ledger(tenant)) == 1
        assert dead_letters.published == []

    async def test_the_stream_folded_in_any_batches_gives_what_one_refold_gives(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        chance = random.Random(4711)  # noqa: S311 - the same stream every time
        customers = [uuid4() for _ in range(6)]
        versions = dict.fromkeys(customers, 0)
        steps = []
        for _ in range(120):
            customer = chance.choice(customers)
            versions[customer] += 1
            steps.append((customer, versions[customer]))
            if chance.random() < 0.2:  # the relay repeats an event
                steps.append(chance.choice(steps))
        records = log_of(tenant, *steps)
        projection = await started(make())
        rest = records
        while rest:
            size = chance.randint(1, 25)
            await feed(projection, rest[:size])
            rest = rest[size:]
        live = await table(events, tenant)
        async with events.worker.worker_transaction() as session:
            await session.execute(text("DELETE FROM newest WHERE tenant_id = :t"), {"t": tenant})
            facts = [fact for fact in map(understand, records) if fact]
            await newest(session, facts)
        assert await table(events, tenant) == live
        assert len(live) == len(customers)


class TestPoison:
    async def test_parks_only_its_aggregate_and_all_that_follows_it(
        self,
        make: Make,
        events: EventDatabase,
        tenant: str,
        consumer: str,
        dead_letters: RecordedDeadLetters,
    ) -> None:
        sick, well = uuid4(), uuid4()
        steps = [(well, 1), (sick, 1), (well, 2), (sick, 7), (well, 3), (sick, 8), (well, 4)]
        records = log_of(tenant, *steps)
        projection = await started(make(sick_at(7)))
        await feed(projection, records)
        later = replace(log_of(tenant, (sick, 9))[0], offset=7)
        await feed(projection, [later])
        assert await table(events, tenant) == sorted([(str(sick), 1, "v1"), (str(well), 4, "v4")])
        assert [record.offset for record, _, _ in dead_letters.published] == [3]
        assert await parked(events, consumer) == [(3, "poison"), (5, "held"), (7, "held")]
        assert await stored(events, consumer) == 8

    async def test_that_cannot_be_read_parks_its_aggregate(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        sick, well = uuid4(), uuid4()
        records = log_of(tenant, (sick, 1), (sick, 2), (well, 1), (sick, 3))
        records[1] = replace(records[1], headers=[*records[1].headers, ("ce_id", None)])
        await feed(await started(make()), records)
        assert await events.ledger(tenant) == [(str(sick), 1), (str(well), 1)]
        assert await parked(events, consumer) == [(1, "poison"), (3, "held")]

    async def test_what_came_before_is_folded_also_if_another_event_of_the_batch_fails(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        unreadable, sick = uuid4(), uuid4()
        records = log_of(tenant, (unreadable, 1), (unreadable, 2), (unreadable, 3), (sick, 7))
        records[1] = replace(records[1], headers=[*records[1].headers, ("ce_id", None)])
        await feed(await started(make(sick_at(7))), records)
        assert await events.ledger(tenant) == [(str(unreadable), 1)]
        assert await parked(events, consumer) == [(1, "poison"), (2, "held"), (3, "poison")]

    async def test_an_earlier_event_that_fails_is_parked_before_a_later_one_that_is_none(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        sick = uuid4()
        records = log_of(tenant, (sick, 1), (sick, 7), (sick, 8), (sick, 9), (sick, 10))
        records[3] = replace(records[3], headers=[*records[3].headers, ("ce_id", None)])
        await feed(await started(make(sick_at(7))), records)
        assert await events.ledger(tenant) == [(str(sick), 1)]
        assert await parked(events, consumer) == [
            (1, "poison"), (2, "held"), (3, "poison"), (4, "held"),
        ]  # fmt: skip

    async def test_waits_until_its_dead_letter_is_out(
        self,
        make: Make,
        events: EventDatabase,
        tenant: str,
        consumer: str,
        dead_letters: RecordedDeadLetters,
    ) -> None:
        records = [replace(log_of(tenant, (uuid4(), 1))[0], value=b"{")]
        projection = await started(make())
        dead_letters.down = True
        place = Partition(TOPIC, 0)
        assert (await projection.process({place: records}))[place].retry_after is not None
        assert await stored(events, consumer) == 0
        dead_letters.down = False
        await feed(projection, records)
        assert await parked(events, consumer) == [(0, "poison")]

    async def test_is_healed_by_a_replay_in_order(
        self, make: Make, events: EventDatabase, tenant: str, consumer: str
    ) -> None:
        customer = uuid4()
        records = log_of(tenant, (customer, 1), (customer, 2), (customer, 3), (customer, 4))
        await feed(await started(make(sick_at(2))), records[:3])
        healed = await started(make())
        done = await parking.replay(healed, Lane(TOPIC, tenant, str(customer)))
        assert (done.handled, done.failure) == (2, None)
        await feed(healed, records[3:])
        assert [sequence for _, sequence in await events.ledger(tenant)] == [1, 2, 3, 4]
        assert await parked(events, consumer) == []

    async def test_of_a_version_not_known_yet_is_folded_by_a_replay_after_the_upgrade(
        self,
        make: Make,
        events: EventDatabase,
        tenant: str,
        consumer: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        newer, other = uuid4(), uuid4()
        records = log_of(tenant, (newer, 1), (newer, 2), (newer, 3), (other, 1))
        version = "customer.customer-changed.v9"
        headers = dict(records[1].headers) | {"ce_type": version.encode()}
        records[1] = replace(records[1], headers=list(headers.items()))
        await feed(await started(make()), records)
        assert await parked(events, consumer) == [(1, "poison"), (2, "held")]
        lane = Lane(TOPIC, tenant, str(newer))
        early = await parking.replay(make(), lane)
        assert (early.handled, early.failure) == (0, f"UnknownVersion: unknown version: {version}")
        with monkeypatch.context() as upgraded:
            upgraded.setattr("kehu_kernel.records.event_class", lambda _type: CustomerChanged)
            assert (await parking.replay(make(), lane)).handled == 2
        assert sorted(await table(events, tenant)) == sorted(
            [(str(newer), 3, "v3"), (str(other), 1, "v1")]
        )
        assert await parked(events, consumer) == []


async def parked(events: EventDatabase, consumer: str) -> list[tuple[int, str]]:
    async with events.worker.worker_transaction() as session:
        rows = await session.execute(
            text('SELECT "offset", status FROM parked_events WHERE consumer = :c ORDER BY id'),
            {"c": consumer},
        )
        return [(offset, status) for offset, status in rows]
