"""Consuming for side effects: each event once, in one transaction with what it causes.

The inbox row is written in the handler's transaction, so a repeated delivery finds it and does
nothing, and a failed handler leaves none. Kafka's offset is committed afterwards.
A service lists its handlers in `consumers.py`: `HANDLERS = {CustomerCreated: on_customer_created}`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry import trace
from prometheus_client import Counter, Histogram

from kehu_contracts.base import Event
from kehu_contracts.envelope import Envelope
from kehu_kernel import parking
from kehu_kernel.broker import DeadLetters, backoff
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.records import (
    Fact,
    Lane,
    Record,
    UnknownVersion,
    is_final,
    is_transient,
    lane_of,
    understand,
)
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition, Step, Subscription
from kehu_kernel.telemetry import parent_of, traceparent_of

log = logging.getLogger("kehu.consumer")

EVENTS = Counter(
    "kehu_consumer_events_total",
    "Records by outcome: handled, duplicate, held, parked, skipped, retried, waited.",
    ["consumer", "outcome"],
)
HANDLER_SECONDS = Histogram(
    "kehu_consumer_handler_seconds",
    "Time of the transaction that handled one event, or folded one batch.",
    ["consumer"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

Handler = Callable[[Session, Any, Envelope], Awaitable[None]]
"""Handles one type of event (the second argument) inside the given transaction; never commits."""
Handlers = Mapping[type[Event], Handler]

MAX_ATTEMPTS = 5
MAX_RECORDS = 200

ADMIT = """
    WITH held AS (
        SELECT FROM parked_events WHERE tenant_id = $1 AND consumer = $2 AND topic = $3
            AND key = $4 AND status <> 'discarded' LIMIT 1
    ), fresh AS (
        INSERT INTO inbox (tenant_id, consumer, event_id) SELECT $1, $2, $5
        WHERE NOT EXISTS (SELECT FROM held)
        ON CONFLICT DO NOTHING RETURNING event_id
    )
    SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM fresh) AS fresh
"""

REMEMBER = """
    INSERT INTO inbox (tenant_id, consumer, event_id) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING 1
"""


def consume(
    handlers: Handlers,
    *,
    consumer: str,
    database: Database,
    bootstrap: str,
    after_commit: Callable[[], None],
    max_records: int = MAX_RECORDS,
) -> Subscription:
    """Return the worker that hands the events of a service's topics to its handlers."""
    work = SideEffects(
        handlers,
        consumer=consumer,
        database=database,
        dead_letters=DeadLetters(bootstrap, consumer=consumer),
        after_commit=after_commit,
    )
    return Subscription(work, bootstrap=bootstrap, max_records=max_records)


class SideEffects:
    """Handles events one by one; the partitions of a batch are worked on side by side.

    `database` is entered with the application role: handlers see the event's tenant only.
    `after_commit` is called after each handled event (wake the relay: it may have caused others).
    """

    def __init__(
        self,
        handlers: Handlers,
        *,
        consumer: str,
        database: Database,
        dead_letters: DeadLetters,
        after_commit: Callable[[], None],
        max_attempts: int = MAX_ATTEMPTS,
        tracer: trace.Tracer | None = None,
    ) -> None:
        self.consumer = consumer
        self._handlers = handlers
        self._database = database
        self._dead_letters = dead_letters
        self._after_commit = after_commit
        self._max_attempts = max_attempts
        self._tracer = tracer or trace.get_tracer("kehu.consumer")
        self._failures: dict[Partition, int] = {}

    async def positions(self, _partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Start where Kafka's committed offsets say: the inbox knows what was handled beyond."""
        return {}

    async def process(
        self, batch: Mapping[Partition, Sequence[Record]]
    ) -> Mapping[Partition, Step]:
        """Handle a batch, each partition in order up to the first record that has to wait."""
        steps = await asyncio.gather(
            *(self._partition(partition, records) for partition, records in batch.items())
        )
        return dict(zip(batch, steps, strict=True))

    async def close(self) -> None:
        """Close the dead letter producer."""
        await self._dead_letters.close()

    async def _partition(self, partition: Partition, records: Sequence[Record]) -> Step:
        for record in records:
            try:
                outcome = await self._once(record)
            except Exception as error:
                wait = await self._failed(partition, record, error)
                if wait is not None:
                    return Step(record.offset, retry_after=wait)
                outcome = "parked"
            self._failures.pop(partition, None)
            EVENTS.labels(self.consumer, outcome).inc()
        return Step(records[-1].offset + 1)

    async def _once(self, record: Record) -> str:
        try:
            fact = understand(record)
        except UnknownVersion as error:
            if _unversioned(error.type) not in {_unversioned(kind.type) for kind in self._handlers}:
                return "skipped"
            raise
        if fact is None or type(fact.event) not in self._handlers:
            return "skipped"
        lane = lane_of(record, fact)
        with (
            HANDLER_SECONDS.labels(self.consumer).time(),
            self._tracer.start_as_current_span(
                f"handle {fact.envelope.type}",
                context=parent_of(fact.envelope.traceparent),
                kind=trace.SpanKind.CONSUMER,
                attributes={"messaging.destination.name": record.topic},
            ) as span,
        ):
            context = self._context(fact.envelope, span)
            async with self._database.transaction(context) as session:
                outcome = await self._admit(session, lane, record, fact)
                if outcome == "handled":
                    await self._handlers[type(fact.event)](session, fact.event, fact.envelope)
        if outcome == "handled":
            self._after_commit()
        return outcome

    async def _admit(self, session: Session, lane: Lane, record: Record, fact: Fact) -> str:
        """Decide in one statement: handle it, drop a duplicate, or append it to its parked lane."""
        facts = (lane.tenant_id, self.consumer, lane.topic, lane.key, fact.envelope.id)
        held, fresh = (await session.fetch(ADMIT, *facts))[0]
        if held:
            # A replay may be emptying the lane: only under its lock the answer is the last word.
            await parking.lock(session, self.consumer, [lane])
            held, fresh = (await session.fetch(ADMIT, *facts))[0]
        if held:
            await parking.park(session, self.consumer, record, reason=None)
            return "held"
        return "handled" if fresh else "duplicate"

    async def _failed(self, partition: Partition, record: Record, error: Exception) -> float | None:
        """Return how long to wait before trying again, or None when the record was parked."""
        attempts = self._failures[partition] = self._failures.get(partition, 0) + 1
        known = {"topic": record.topic, "offset": record.offset, "error": parking.describe(error)}
        if is_transient(error):
            EVENTS.labels(self.consumer, "waited").inc()
            log.warning("event waits for a part that is down", extra=known)
            return backoff(attempts)
        if not is_final(error) and attempts < self._max_attempts:
            EVENTS.labels(self.consumer, "retried").inc()
            log.warning("event failed", extra=known, exc_info=error)
            return backoff(attempts)
        try:
            await self._park(record, error, attempts)
        except Exception as second:
            log.warning("event could not be parked", extra={"error": repr(second)})
            return backoff(attempts)
        log.error("event parked", extra=known)
        return None

    async def _park(self, record: Record, error: Exception, attempts: int) -> None:
        reason = parking.describe(error)
        lane = lane_of(record)
        await self._dead_letters.publish(record, reason=reason, attempts=attempts)
        async with self.transaction(lane) as session:
            await parking.lock(session, self.consumer, [lane])
            await parking.park(session, self.consumer, record, reason=reason, attempts=attempts)

    @asynccontextmanager
    async def transaction(self, lane: Lane) -> AsyncIterator[Session]:
        """A transaction of the lane's tenant, for parking and replay."""
        context = Context(tenant_id=lane.tenant_id, actor=f"system:{self.consumer}")
        async with self._database.transaction(context) as session:
            yield session

    async def handle(self, session: Session, record: Record) -> None:
        """Handle a replayed event in the given transaction, unless the inbox has it."""
        fact = understand(record)
        handler = self._handlers.get(type(fact.event)) if fact else None
        if fact is None or handler is None:
            return
        owner = (fact.envelope.tenant_id, self.consumer, fact.envelope.id)
        if await session.fetch(REMEMBER, *owner):
            await handler(session, fact.event, fact.envelope)

    def _context(self, envelope: Envelope, span: trace.Span) -> Context:
        return Context(
            tenant_id=envelope.tenant_id,
            actor=f"system:{self.consumer}",
            request_id=str(envelope.id),
            traceparent=traceparent_of(span)
            if span.get_span_context().is_valid
            else envelope.traceparent,
        )


def _unversioned(type_: str) -> str:
    return type_.rpartition(".v")[0]
