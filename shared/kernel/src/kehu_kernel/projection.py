"""Consuming for projections: whole batches in one transaction, together with the offsets.

The offset lives in the database and moves by compare-and-set in the transaction that folds the
batch: a batch is folded exactly once, and a member that lost its partition without noticing can
change nothing. The fold itself guards each aggregate by `sequence`, because the relay may publish
an event twice at different offsets.
"""

import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import NamedTuple

from opentelemetry import trace
from sqlalchemy import text

from kehu_kernel import parking
from kehu_kernel.broker import DeadLetters, backoff
from kehu_kernel.consumer import EVENTS, HANDLER_SECONDS, MAX_ATTEMPTS
from kehu_kernel.db import Database
from kehu_kernel.records import (
    Fact,
    Lane,
    Poison,
    Record,
    is_final,
    is_transient,
    lane_of,
    understand,
)
from kehu_kernel.session import Session
from kehu_kernel.subscription import LostOwnership, Partition, Step, Subscription

log = logging.getLogger("kehu.projection")

Fold = Callable[[Session, Sequence[Fact]], Awaitable[None]]
"""Folds events, in order, into the projections inside the given transaction; never commits."""

MAX_RECORDS = 2000

BEGIN = text(
    """
    INSERT INTO projection_offsets (consumer, topic, partition, next_offset)
    SELECT :consumer, topic, partition, 0
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[])) AS new (topic, partition)
    ON CONFLICT DO NOTHING
    """
)
STORED = text(
    "SELECT topic, partition, next_offset FROM projection_offsets WHERE consumer = :consumer"
)
ADVANCE = """
    UPDATE projection_offsets AS stored SET next_offset = new.next, updated_at = now()
    FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
        AS new (topic, partition, expected, next)
    WHERE stored.consumer = $1 AND stored.topic = new.topic
        AND stored.partition = new.partition AND stored.next_offset = new.expected
    RETURNING 1
"""


class _Item(NamedTuple):
    """One record of a batch: understood, or not."""

    record: Record
    lane: Lane
    fact: Fact | None
    poison: Poison | None


def project(
    fold: Fold,
    *,
    consumer: str,
    database: Database,
    bootstrap: str,
    after_commit: Callable[[], None],
    max_records: int = MAX_RECORDS,
) -> Subscription:
    """Return the worker that folds all topics of a service into its projections."""
    work = Projection(
        fold,
        consumer=consumer,
        database=database,
        dead_letters=DeadLetters(bootstrap, consumer=consumer),
        after_commit=after_commit,
    )
    return Subscription(work, bootstrap=bootstrap, max_records=max_records)


class Projection:
    """Folds batches. `database` is entered with the worker role: a batch holds many tenants.

    `after_commit` is called after each batch (wake the relay: the fold may have written events).
    """

    def __init__(
        self,
        fold: Fold,
        *,
        consumer: str,
        database: Database,
        dead_letters: DeadLetters,
        after_commit: Callable[[], None],
        max_attempts: int = MAX_ATTEMPTS,
        tracer: trace.Tracer | None = None,
    ) -> None:
        self.consumer = consumer
        self._fold = fold
        self._database = database
        self._dead_letters = dead_letters
        self._after_commit = after_commit
        self._max_attempts = max_attempts
        self._tracer = tracer or trace.get_tracer("kehu.projection")
        self._expected: dict[Partition, int] = {}
        self._failures = 0

    async def positions(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return the stored offsets: zero for a partition seen for the first time."""
        names = {
            "consumer": self.consumer,
            "topics": [p.topic for p in partitions],
            "partitions": [p.partition for p in partitions],
        }
        async with self._database.worker_transaction() as session:
            await session.execute(BEGIN, names)
            rows = await session.execute(STORED, {"consumer": self.consumer})
            stored = {Partition(topic, number): place for topic, number, place in rows}
        places = {partition: stored[partition] for partition in partitions}
        self._expected.update(places)
        return places

    async def process(
        self, batch: Mapping[Partition, Sequence[Record]]
    ) -> Mapping[Partition, Step]:
        """Fold a batch, all of it or nothing."""
        items = [_item(record) for records in batch.values() for record in records]
        try:
            with HANDLER_SECONDS.labels(self.consumer).time():
                await self._transaction(batch, items, apart=False)
        except LostOwnership:
            raise
        except Exception as error:
            wait = await self._failed(batch, items, error)
            if wait is not None:
                return {p: Step(records[0].offset, wait) for p, records in batch.items()}
        self._failures = 0
        steps = {p: Step(records[-1].offset + 1) for p, records in batch.items()}
        self._expected.update({p: step.next_offset for p, step in steps.items()})
        self._after_commit()
        return steps

    async def close(self) -> None:
        """Close the dead letter producer."""
        await self._dead_letters.close()

    async def _failed(
        self, batch: Mapping[Partition, Sequence[Record]], items: Sequence[_Item], error: Exception
    ) -> float | None:
        """Return how long to wait, or None if the batch was folded without its poison events."""
        self._failures += 1
        log.warning("batch failed", extra={"records": len(items), "error": repr(error)})
        if is_transient(error):
            EVENTS.labels(self.consumer, "waited").inc(len(items))
            return backoff(self._failures)
        if not is_final(error) and self._failures < self._max_attempts:
            EVENTS.labels(self.consumer, "retried").inc(len(items))
            return backoff(self._failures)
        try:
            await self._transaction(batch, items, apart=True)
        except LostOwnership:
            raise
        except Exception as second:
            log.warning("batch failed again", exc_info=second)
            return backoff(self._failures)
        return None

    async def _transaction(
        self,
        batch: Mapping[Partition, Sequence[Record]],
        items: Sequence[_Item],
        *,
        apart: bool,
    ) -> None:
        """Move the offsets and fold. `apart` finds the events that fail and parks only those."""
        with self._tracer.start_as_current_span(
            "fold batch",
            kind=trace.SpanKind.CONSUMER,
            attributes={"messaging.batch.message_count": len(items)},
        ):
            async with self._database.worker_transaction() as session:
                await self._advance(session, batch)
                closed = await self._closed_lanes(session, items)
                sorting = _Sorting(self, session, closed)
                ready = sorting.admit(items)
                if apart:
                    await sorting.fold_apart(ready)
                elif ready:
                    await self._fold(session, [item.fact for item in ready if item.fact])
                await sorting.park(self._dead_letters, self._failures or 1)
        outcomes = sorting.outcomes(len(items))
        for outcome, count in outcomes.items():
            EVENTS.labels(self.consumer, outcome).inc(count)

    async def _advance(self, session: Session, batch: Mapping[Partition, Sequence[Record]]) -> None:
        for partition, records in batch.items():
            gap = records[0].offset - self._expected[partition]
            if gap:
                # The broker dropped (retention) or rewound (lost log) what we had not read yet.
                log.warning("offsets jump", extra={"partition": partition, "by": gap})
        moved = await session.fetch(
            ADVANCE,
            self.consumer,
            [p.topic for p in batch],
            [p.partition for p in batch],
            [self._expected[p] for p in batch],
            [records[-1].offset + 1 for records in batch.values()],
        )
        if len(moved) != len(batch):
            raise LostOwnership

    async def _closed_lanes(self, session: Session, items: Sequence[_Item]) -> set[Lane]:
        """Return the batch's parked lanes, locked so that no replay empties them meanwhile."""
        closed = await parking.held_lanes(session, self.consumer) & {i.lane for i in items}
        if closed:
            await parking.lock(session, self.consumer, closed)
            closed &= await parking.held_lanes(session, self.consumer)
        return closed

    @asynccontextmanager
    async def transaction(self, _lane: Lane) -> AsyncIterator[Session]:
        """A transaction of the worker, for replay."""
        async with self._database.worker_transaction() as session:
            yield session

    async def handle(self, session: Session, record: Record) -> None:
        """Fold a replayed event; the fold's sequence guard drops it if it is an old duplicate."""
        fact = understand(record)
        if fact is not None:
            await self._fold(session, [fact])

    async def fold(self, session: Session, items: Iterable[_Item]) -> None:
        """Fold items in a savepoint, so that a failure leaves the transaction usable."""
        async with session.savepoint():
            await self._fold(session, [item.fact for item in items if item.fact])


class _Sorting:
    """Sorts one batch into what is folded and what is parked, keeping every lane's order."""

    def __init__(self, projection: Projection, session: Session, closed: set[Lane]) -> None:
        self._projection = projection
        self._session = session
        # From which offset on a lane waits; what lies before is as good as ever.
        self._closed = dict.fromkeys(closed, -1)
        self._parked: list[tuple[_Item, str | None]] = []
        self._skipped = 0

    def admit(self, items: Iterable[_Item]) -> list[_Item]:
        """Return the items that may be folded; of the rest, note what becomes of it."""
        ready = []
        for item in items:
            place = item.record.offset
            if self._closed and place > self._closed.get(item.lane, place):
                self._parked.append((item, None))
            elif item.poison is not None:
                self._close(item, item.poison)
            elif item.fact is None:
                self._skipped += 1
            else:
                ready.append(item)
        return ready

    async def fold_apart(self, items: Sequence[_Item]) -> None:
        """Fold, halving what fails until the events at fault stand alone; those are poison."""
        items = self.admit(items)
        if not items:
            return
        try:
            await self._projection.fold(self._session, items)
        except Exception as error:
            if is_transient(error):
                raise
            if len(items) == 1:
                self._close(items[0], error)
                return
            middle = len(items) // 2
            await self.fold_apart(items[:middle])
            await self.fold_apart(items[middle:])

    async def park(self, dead_letters: DeadLetters, attempts: int) -> None:
        """Write what waits, in order; publish the poison ones as dead letters."""
        if not self._parked:
            return
        consumer = self._projection.consumer
        self._parked.sort(key=lambda one: one[0].record.offset)  # a lane is in one partition
        await parking.lock(self._session, consumer, {item.lane for item, _ in self._parked})
        for item, reason in self._parked:
            if reason is not None:
                await dead_letters.publish(item.record, reason=reason, attempts=attempts)
                log.error(
                    "event parked",
                    extra={
                        "topic": item.record.topic,
                        "offset": item.record.offset,
                        "error": reason,
                    },
                )
            await parking.park(
                self._session, consumer, item.record, reason=reason, attempts=attempts
            )

    def outcomes(self, total: int) -> dict[str, int]:
        """Count what became of the batch's records."""
        parked = sum(1 for _, reason in self._parked if reason is not None)
        held = len(self._parked) - parked
        handled = total - self._skipped - len(self._parked)
        counts = {"handled": handled, "skipped": self._skipped, "parked": parked, "held": held}
        return {outcome: count for outcome, count in counts.items() if count}

    def _close(self, item: _Item, error: Exception) -> None:
        self._closed[item.lane] = item.record.offset
        self._parked.append((item, parking.describe(error)))


def _item(record: Record) -> _Item:
    try:
        fact = understand(record)
    except Poison as error:
        return _Item(record, lane_of(record), None, error)
    return _Item(record, lane_of(record, fact), fact, None)
