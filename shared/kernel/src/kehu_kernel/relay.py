"""The relay: publishes what was committed to the outbox, in order, at least once.

What it rests on:

- One relay owns a shard (an advisory lock held by the connection that also reads and marks), and an
  aggregate always lies in one shard. Losing the connection loses the locks and the right to mark.
- It reads the *visible unsent set in id order*, never "ids above the last one": a transaction that
  commits late has a small id and would be passed over. Since writers lock the aggregate (or check
  its version), whenever an event is visible its predecessors are too, with smaller ids.
- It marks after the broker acknowledged: a crash in between repeats events, it never loses one.
- When an event fails, later events of its aggregate are not marked; they are sent again after it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias, cast
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from prometheus_client import Counter, Histogram
from sqlalchemy import text

from kehu_contracts.envelope import Envelope, source_of
from kehu_kernel import broker
from kehu_kernel.db import Database
from kehu_kernel.housekeeping import Housekeeping
from kehu_kernel.plumbing import SHARDS

log = logging.getLogger("kehu.relay")

SENT = Counter("kehu_relay_sent_total", "Events acknowledged by the broker.", ["service"])
FAILURES = Counter("kehu_relay_failures_total", "Rounds that failed, by part.", ["service", "part"])
PUBLISH_SECONDS = Histogram(
    "kehu_relay_publish_seconds",
    "From the start of the writing transaction to the broker's acknowledgement, a batch's slowest.",
    ["service"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row = asyncpg.Record

LOCK_CLASS = 0x6F757462  # "outb": our own number space among a database's advisory locks
BATCH = 2000
ROUND_DEADLINE = 30.0
SQL_DEADLINE = 15.0
IDLE_POLL = 0.2
CLAIM_INTERVAL = 2.0
REFUSED_FOR = 60.0
STUCK_AFTER = 2 * ROUND_DEADLINE + 2 * SQL_DEADLINE

CLAIM = "SELECT shard FROM unnest($1::int[]) AS shard WHERE pg_try_advisory_lock($2, shard)"
UNSENT = """
    SELECT id, tenant_id, event_id, topic, key, type, sequence, occurred_at, actor, traceparent,
        payload, created_at
    FROM outbox WHERE sent_at IS NULL AND shard = ANY($1::smallint[]) AND key <> ALL($2::text[])
    ORDER BY id LIMIT $3
"""
MARK = "UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1::bigint[])"
REPUBLISH = text(
    "UPDATE outbox SET sent_at = NULL WHERE sent_at IS NOT NULL "
    "AND (created_at >= :since OR event_id = ANY(CAST(:event_ids AS uuid[])))"
)


class Relay:
    """Publishes one service's outbox. Any number may run; each shard has one owner at a time.

    `database` is entered with the worker role. `poll_interval` (seconds) bounds the delay of
    events written by other processes while there is traffic; `wake` spares even that.
    """

    def __init__(
        self,
        database: Database,
        *,
        service: str,
        bootstrap: str,
        poll_interval: float = 0.05,
        replication: int = 1,
        housekeeping: Housekeeping | None = None,
    ) -> None:
        self._database = database
        self._service = service
        self._bootstrap = bootstrap
        self._poll_interval = poll_interval
        self._replication = replication
        self._housekeeping = housekeeping
        self._woken = asyncio.Event()
        self._producer: AIOKafkaProducer | None = None
        self._shards: list[int] = []
        self._refused: dict[str, float] = {}
        self._failures = 0
        self._last_progress = time.monotonic()
        self.stuck_after = STUCK_AFTER

    @property
    def name(self) -> str:
        """Name for logs and health."""
        return f"{self._service} relay"

    def stuck(self) -> str | None:
        """Say so if no round, good or bad, has ended for longer than its deadlines allow."""
        silent = time.monotonic() - self._last_progress
        return f"no round for {silent:.0f} s" if silent > self.stuck_after else None

    def wake(self) -> None:
        """Say that something was committed: the relay looks at once instead of at its next poll."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; the batch under way is finished and the locks released."""
        self._last_progress = time.monotonic()
        try:
            while not stop.is_set():
                try:
                    await self._own(stop)
                except Exception as error:
                    self._failed("database", error)
                self._last_progress = time.monotonic()
                if not stop.is_set():
                    await broker.pause(stop, broker.backoff(self._failures))
        finally:  # cancelled, too: nothing may be delivered by somebody who does not own the shards
            await self._drop_producer()
        if self._housekeeping is not None:
            await self._housekeeping.close()

    async def _own(self, stop: asyncio.Event) -> None:
        """Work with one connection, for as long as it and the broker last."""
        async with asyncio.timeout(SQL_DEADLINE):
            connection = await self._database.engine.connect()
        try:
            driver = (await connection.get_raw_connection()).driver_connection
            await self._rounds(cast("Driver", driver), stop)
        finally:
            self._shards = []
            # The server gives the locks back when the session ends, however it ends.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(SQL_DEADLINE):
                    await connection.invalidate()
                    await connection.close()

    async def _rounds(self, driver: Driver, stop: asyncio.Event) -> None:
        claimed_at = -CLAIM_INTERVAL
        idle = self._poll_interval
        while not stop.is_set():
            if len(self._shards) < SHARDS and time.monotonic() - claimed_at >= CLAIM_INTERVAL:
                await self._claim(driver)
                claimed_at = time.monotonic()
            self._woken.clear()
            read = await self._round(driver) if self._shards else 0
            self._last_progress = time.monotonic()
            if self._failures:
                await broker.pause(stop, broker.backoff(self._failures))
            elif read < BATCH:
                idle = self._poll_interval if read else min(IDLE_POLL, idle * 1.5)
                await self._wait(stop, idle)
            if self._housekeeping is not None and self._shards:
                self._housekeeping.start_if_due()

    async def _wait(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait for work: until woken or stopped, or `seconds` have passed."""
        waits = {asyncio.create_task(self._woken.wait()), asyncio.create_task(stop.wait())}
        _, rest = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()

    async def _claim(self, driver: Driver) -> None:
        free = [shard for shard in range(SHARDS) if shard not in self._shards]
        async with asyncio.timeout(SQL_DEADLINE):
            got = await driver.fetch(CLAIM, free, LOCK_CLASS)
        self._shards += [row["shard"] for row in got]

    async def _round(self, driver: Driver) -> int:
        """Publish one batch; return how many events were read."""
        now = time.monotonic()
        self._refused = {key: until for key, until in self._refused.items() if until > now}
        async with asyncio.timeout(SQL_DEADLINE):
            rows = await driver.fetch(UNSENT, self._shards, list(self._refused), BATCH)
        if not rows:
            self._failures = 0
            return 0
        sent, failure = await self._publish(rows)
        if failure is not None:
            await self._drop_producer()
        if sent:
            async with asyncio.timeout(SQL_DEADLINE):
                await driver.execute(MARK, [row["id"] for row in sent])
            self._count(sent)
        if failure is not None:
            self._failed("broker", failure)
        else:
            self._failures = 0
        return len(rows)

    async def _publish(self, rows: Sequence[Row]) -> tuple[list[Row], BaseException | None]:
        """Send the rows; return those that may be marked, and what broke, if anything did."""
        futures: dict[int, asyncio.Future[object]] = {}
        failure: BaseException | None = None
        try:
            async with asyncio.timeout(ROUND_DEADLINE):
                producer = await self._connected()
                for row in rows:
                    if row["key"] not in self._refused:
                        await self._send(producer, row, futures)
                await producer.flush()
        except (KafkaError, TimeoutError, OSError) as error:
            failure = error
        # The exception of every finished future is looked at, or asyncio would complain.
        errors = {id_: f.exception() if f.done() else failure for id_, f in futures.items()}
        held: set[str] = set()
        sent = []
        for row in rows:
            if row["key"] in held:
                continue
            if row["id"] in errors and errors[row["id"]] is None:
                sent.append(row)
            else:
                held.add(row["key"])
                failure = failure or errors.get(row["id"])
        return sent, failure

    async def _send(
        self,
        producer: AIOKafkaProducer,
        row: Row,
        futures: dict[int, asyncio.Future[object]],
    ) -> None:
        """Hand one row to the producer. One that it refuses holds back its aggregate alone."""
        try:
            futures[row["id"]] = await producer.send(
                row["topic"], key=row["key"].encode(), value=row["payload"], headers=headers(row)
            )
        except MessageSizeTooLargeError:
            self._refused[row["key"]] = time.monotonic() + REFUSED_FOR
            FAILURES.labels(self._service, "event").inc()
            log.exception(
                "event is too large to be published; its aggregate waits",
                extra={"event_id": str(row["event_id"]), "key": row["key"]},
            )

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            await broker.ensure_topics(
                self._bootstrap, self._service, replication=self._replication
            )
            self._producer = broker.new_producer(
                self._bootstrap, client_id=f"kehu-{self._service}-relay"
            )
            await self._producer.start()
        return self._producer

    async def _drop_producer(self) -> None:
        """Close the producer so that nothing it holds can be delivered later, out of order."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await broker.abort(producer)

    def _count(self, sent: Sequence[Row]) -> None:
        SENT.labels(self._service).inc(len(sent))
        slowest = datetime.now(UTC) - min(row["created_at"] for row in sent)
        PUBLISH_SECONDS.labels(self._service).observe(slowest.total_seconds())

    def _failed(self, part: str, error: BaseException) -> None:
        self._failures += 1
        FAILURES.labels(self._service, part).inc()
        log.warning("publishing failed", extra={"part": part, "error": repr(error)})


def headers(row: Row) -> list[tuple[str, bytes]]:
    """Return the CloudEvents headers of an outbox row: the same every time it is sent."""
    return Envelope(
        id=row["event_id"],
        type=row["type"],
        source=source_of(row["type"].partition(".")[0]),
        time=row["occurred_at"],
        tenant_id=row["tenant_id"],
        subject=row["key"],
        sequence=row["sequence"],
        actor=row["actor"],
        traceparent=row["traceparent"],
        data=row["payload"],
    ).headers()


async def republish(
    database: Database, *, since: datetime | None = None, event_ids: Sequence[UUID] = ()
) -> int:
    """Have events that are still kept published again; return how many.

    For operators, after a broker lost what it had acknowledged. Consumers ignore what they have.
    """
    async with database.worker_transaction() as session:
        result = await session.execute(REPUBLISH, {"since": since, "event_ids": list(event_ids)})
        return int(result.rowcount)
