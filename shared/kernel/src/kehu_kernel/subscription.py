"""One member of a consumer group: polls, survives brokers and rebalances, never runs ahead.

What is done with the records is the `Work`'s business. This loop gives it batches of partitions it
really owns, puts back what the work could not finish (and leaves that partition alone for a while),
and commits offsets to Kafka after the work's own transactions, never before.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from prometheus_client import Counter, Gauge

from kehu_contracts.topics import CONSUMERS, topics_for
from kehu_kernel import broker
from kehu_kernel.parking import Replayer
from kehu_kernel.records import Record

log = logging.getLogger("kehu.consumer")

LAG = Gauge("kehu_consumer_lag", "Records not handled yet.", ["consumer", "topic", "partition"])
LAG_SECONDS = Gauge(
    "kehu_consumer_lag_seconds",
    "Age of the newest handled record while others wait; 0 when none does.",
    ["consumer", "topic", "partition"],
)
LAST_POLL = Gauge(
    "kehu_consumer_last_poll_timestamp_seconds", "When the loop last came round.", ["consumer"]
)
RESTARTS = Counter("kehu_consumer_restarts_total", "Times the group was left.", ["consumer"])

POLL_SECONDS = 0.2
COMMIT_DEADLINE = 5.0
COMMIT_INTERVAL = 5.0
CHECK_INTERVAL = 15.0
STALLED_AFTER = 60.0
STUCK_AFTER = 180.0


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a partition's records: done up to `next_offset`.

    With `retry_after` (seconds) the rest was put back and is delivered again after that time.
    """

    next_offset: int
    retry_after: float | None = None


class LostOwnership(Exception):
    """Somebody else moved a partition on: start again from the stored offsets."""


class Work(Replayer, Protocol):
    """What is done with records, live or replayed."""

    async def positions(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Return where to start; partitions left out start at the offset committed to Kafka."""

    async def process(
        self, batch: Mapping[Partition, Sequence[Record]]
    ) -> Mapping[Partition, Step]:
        """Work on a batch and say, for each partition, how far it came.

        Raises `LostOwnership` if nothing was done because another member owns a partition.
        """

    async def close(self) -> None:
        """Give back what the work holds."""


class Stalled(Exception):
    """Records wait on the broker, but the client brings none."""


class Subscription:
    """Consumes all topics of the work's consumer, as a member of its group, until told to stop.

    `max_records` bounds a batch, and with it the memory used and the work lost by a crash.
    """

    def __init__(
        self,
        work: Work,
        *,
        bootstrap: str,
        max_records: int,
        replication: int = 1,
    ) -> None:
        self.consumer = work.consumer
        self.transaction = work.transaction
        self.handle = work.handle
        self._work = work
        self._bootstrap = bootstrap
        self._max_records = max_records
        self._replication = replication
        self.stuck_after = STUCK_AFTER
        # Set while a batch is worked on: a rebalance waits for it, so that little is done twice.
        self._busy = asyncio.Lock()
        self._owned: dict[Partition, int] = {}
        self._paused: dict[Partition, float] = {}
        self._handled: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._last_poll = self._advanced_at = self._checked_at = time.monotonic()

    @property
    def name(self) -> str:
        """Name for logs and health."""
        return f"{self.consumer} consumer"

    def stuck(self) -> str | None:
        """Say so if the loop has not come round for far longer than any batch takes."""
        silent = time.monotonic() - self._last_poll
        return f"no poll for {silent:.0f} s" if silent > self.stuck_after else None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set; the batch under way is finished and the group left."""
        failures = 0
        self._last_poll = time.monotonic()
        while not stop.is_set():
            started = time.monotonic()
            try:
                await self._member(stop)
            except Exception as error:
                failures = failures + 1 if time.monotonic() - started < STALLED_AFTER else 1
                RESTARTS.labels(self.consumer).inc()
                log.warning("consumer starts again", extra={"error": repr(error)})
                self._last_poll = time.monotonic()
                await broker.pause(stop, broker.backoff(failures))
        await self._work.close()

    async def _member(self, stop: asyncio.Event) -> None:
        """Join the group and consume until stopped or something breaks."""
        service = CONSUMERS[self.consumer]
        await broker.ensure_topics(self._bootstrap, service, replication=self._replication)
        client = broker.new_consumer(
            self._bootstrap, group=f"kehu-{self.consumer}", client_id=f"kehu-{self.consumer}"
        )
        topics = [topic.name for topic in topics_for(self.consumer)]
        client.subscribe(topics, listener=_Listener(self))
        try:
            await client.start()
            self._advanced_at = time.monotonic()
            while not stop.is_set():
                await self._poll(client)
                self._last_poll = time.monotonic()
                LAST_POLL.labels(self.consumer).set_to_current_time()
            async with self._busy:
                await self._commit(client)
        finally:
            self.revoke()
            await broker.close(client)

    async def _poll(self, client: AIOKafkaConsumer) -> None:
        await self._take_over(client)
        self._resume(client)
        fetched = await client.getmany(
            timeout_ms=int(POLL_SECONDS * 1000), max_records=self._max_records
        )
        async with self._busy:
            # A rebalance may have come between: what is not ours any more is not touched.
            batch = {
                Partition(*key): records
                for key, records in fetched.items()
                if Partition(*key) in self._owned
            }
            if batch:
                await self._process(client, batch)
            if time.monotonic() - self._committed_at > COMMIT_INTERVAL:
                await self._commit(client)
        if time.monotonic() - self._checked_at > CHECK_INTERVAL:
            self._checked_at = time.monotonic()
            await self._check(client)

    async def _take_over(self, client: AIOKafkaConsumer) -> None:
        """Go to the place where newly assigned partitions were left.

        Always an explicit seek: what was fetched between assignment and now has been dropped.
        """
        new = {Partition(*key) for key in client.assignment()} - self._owned.keys()
        if not new:
            return
        starts = dict(await self._work.positions(new))
        async with asyncio.timeout(2 * broker.REQUEST_TIMEOUT):
            for partition in new - starts.keys():
                key = TopicPartition(*partition)
                committed = await client.committed(key)
                if committed is None:
                    committed = (await client.beginning_offsets([key]))[key]
                starts[partition] = committed
        async with self._busy:
            for partition in new & {Partition(*key) for key in client.assignment()}:
                client.seek(TopicPartition(*partition), starts[partition])
                self._owned[partition] = starts[partition]
        self._advanced_at = time.monotonic()

    async def _process(
        self, client: AIOKafkaConsumer, batch: Mapping[Partition, Sequence[Record]]
    ) -> None:
        try:
            steps = await self._work.process(batch)
        except LostOwnership:
            log.warning("another member moved on", extra={"partitions": list(batch)})
            self.revoke()
            return
        now = time.monotonic()
        self._advanced_at = now
        for partition, step in steps.items():
            self._owned[partition] = step.next_offset
            if step.retry_after is not None:
                client.seek(TopicPartition(*partition), step.next_offset)
                client.pause(TopicPartition(*partition))
                self._paused[partition] = now + step.retry_after
            self._measure(client, partition, batch[partition])
            self._handled[partition] = step.next_offset

    async def _commit(self, client: AIOKafkaConsumer) -> None:
        """Tell Kafka what is handled, for lag tools and the next start.

        Only now and then: what is not told is delivered again and recognised as handled.
        Raises `CommitFailedError` if the group went on without us: join it anew.
        """
        self._committed_at = time.monotonic()
        offsets = {TopicPartition(*p): offset for p, offset in self._handled.items()}
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_DEADLINE):
                if await broker.is_settled(client):
                    await client.commit(offsets)
                    self._handled.clear()
        except CommitFailedError:
            raise
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("offsets were not committed", extra={"error": repr(error)})

    def _resume(self, client: AIOKafkaConsumer) -> None:
        now = time.monotonic()
        for partition in [p for p, until in self._paused.items() if until <= now]:
            del self._paused[partition]
            client.resume(TopicPartition(*partition))

    def revoke(self) -> None:
        """Forget what was assigned; it may belong to another member now."""
        self._owned.clear()
        self._paused.clear()
        self._handled.clear()

    def _measure(
        self, client: AIOKafkaConsumer, partition: Partition, records: Sequence[Any]
    ) -> None:
        end = client.highwater(TopicPartition(*partition)) or 0
        lag = self._set_lag(partition, end - self._owned[partition])
        age = time.time() - records[-1].timestamp / 1000 if lag else 0.0
        labels = (self.consumer, partition.topic, str(partition.partition))
        LAG_SECONDS.labels(*labels).set(max(0.0, age))

    def _set_lag(self, partition: Partition, records: int) -> int:
        lag = max(0, records)
        LAG.labels(self.consumer, partition.topic, str(partition.partition)).set(lag)
        return lag

    async def _check(self, client: AIOKafkaConsumer) -> None:
        """Ask the broker itself: a client that silently stopped fetching sees no lag."""
        watched = [TopicPartition(*p) for p in self._owned if p not in self._paused]
        try:
            async with asyncio.timeout(2 * broker.REQUEST_TIMEOUT):
                ends = await client.end_offsets(watched)
                lags = {key: ends[key] - await client.position(key) for key in watched}
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            # An outage or a rebalance: the client finds back by itself, and leaving the group
            # without the broker hearing of it would make everybody wait for our session to end.
            log.info("lag is not known", extra={"error": repr(error)})
            return
        behind = sum(self._set_lag(Partition(*key), lag) for key, lag in lags.items())
        if not behind:
            self._advanced_at = time.monotonic()
        elif time.monotonic() - self._advanced_at > STALLED_AFTER:
            raise Stalled(f"{behind} records wait, none came for {STALLED_AFTER:.0f} s")


class _Listener:
    """Hears of rebalances, which the client library does in the background."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, _revoked: object) -> None:
        """Wait until the batch under way is done, then let go."""
        async with self._subscription._busy:
            self._subscription.revoke()

    async def on_partitions_assigned(self, _assigned: object) -> None:
        """Nothing yet: the loop takes the partitions over itself, where it can fail and retry."""


ConsumerRebalanceListener.register(_Listener)
