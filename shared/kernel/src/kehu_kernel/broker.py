"""Kafka clients with the settings that lose nothing, and how to let go of them.

Only this module, `relay`, `subscription` and `records` know the Kafka client library.
"""

import asyncio
import contextlib
import logging
import random
import time
import zlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAlreadyExistsError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from kehu_contracts.topics import (
    DLQ_PARTITIONS,
    DLQ_RETENTION_DAYS,
    TOPICS,
    consumers_in,
    dlq_name,
    topics_for,
)
from kehu_kernel.records import Record

log = logging.getLogger("kehu.broker")

REQUEST_TIMEOUT = 10.0
CLOSE_TIMEOUT = 5.0
CANCEL_TIMEOUT = 5.0
RETRY_BACKOFF_MS = 300  # the client library logs every try: a few a second are enough
EMPTY_FETCH_SECONDS = 0.025
DAY_MS = 86_400_000


def new_producer(bootstrap: str, *, client_id: str) -> AIOKafkaProducer:
    """Return an idempotent producer (not started) that waits for all replicas.

    An idempotent producer never gives up on a message: callers set their own deadline and call
    `abort` when it passes.
    """
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=256 * 1024,
        compression_type="lz4",
        partitioner=partition_of,
        request_timeout_ms=int(REQUEST_TIMEOUT * 1000),
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )


def new_consumer(bootstrap: str, *, group: str, client_id: str) -> AIOKafkaConsumer:
    """Return a member of the group (not started, not subscribed) that never commits by itself."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=30_000,
        heartbeat_interval_ms=1_000,
        max_poll_interval_ms=300_000,
        # Joining waits until every member has come or its session has ended.
        request_timeout_ms=40_000,
        retry_backoff_ms=RETRY_BACKOFF_MS,
    )
    consumer._client.send = _unhurried(consumer._client.send)
    return consumer


def _unhurried(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Ask a broker that has nothing again only after a moment.

    Kafka holds an empty fetch back for half a second. The embedded broker answers it at once, and
    every idle consumer would fetch hundreds of times a second.
    """

    async def send_unhurried(node_id: int, request: Any, **options: Any) -> Any:
        began = time.monotonic()
        response = await send(node_id, request, **options)
        if isinstance(request, FetchRequest) and time.monotonic() - began < EMPTY_FETCH_SECONDS:
            partitions = [one for _, partitions in response.topics for one in partitions]
            if not any(part[-1] for part in partitions):
                await asyncio.sleep(EMPTY_FETCH_SECONDS)
        return response

    return send_unhurried


def partition_of(key: bytes, partitions: list[int], _available: list[int]) -> int:
    """Return the partition of an aggregate: CRC-32, as librdkafka's `consistent` partitioner.

    In C, it costs a fiftieth of the client library's own hash in Python.
    """
    return zlib.crc32(key) % len(partitions)


async def abort(producer: AIOKafkaProducer) -> None:
    """Close a producer without delivering what it still holds.

    `stop()` would wait for the broker, and a producer that is only dropped would deliver its old
    messages later, behind newer ones. So the sender is ended first, then its messages failed.
    """
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
    await _stopped(producer.client.close())  # which waits for a peer that does not read any more
    if sender is not None:
        await asyncio.wait({sender}, timeout=CLOSE_TIMEOUT)
    producer._message_accumulator.fail_all(KafkaConnectionError("the producer was given up"))
    # A sender that died of a fatal error raises it again here; its messages have failed anyway.
    await _stopped(producer.stop())


async def close(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close, in bounded time even if the broker is gone."""
    error = await _stopped(consumer.stop())
    if error is not None:
        log.warning("leaving the group failed", extra={"error": repr(error)})
        for part in (consumer._fetcher, consumer._client):
            if part is not None:
                await _stopped(part.close())


async def _stopped(stopping: Coroutine[Any, Any, None]) -> BaseException | None:
    """Wait for a client to stop, not for ever; return what it raised, if anything.

    In a task of its own: the client library cancels its own tasks and awaits them, and such a
    cancellation must not become that of whoever stops the client.
    """
    task = asyncio.ensure_future(stopping)
    await asyncio.wait({task}, timeout=CLOSE_TIMEOUT)
    if not task.done():
        # It may take one cancellation for that of a task of its own, and go on for a while.
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_TIMEOUT)
    if not task.done():
        return TimeoutError("the client does not stop")
    (result,) = await asyncio.gather(task, return_exceptions=True)
    return result


async def is_settled(consumer: AIOKafkaConsumer) -> bool:
    """Ask the broker whether the group stays as it is, or members are about to be sorted anew.

    To commit in the second case makes some brokers answer "illegal generation" (Apache Kafka takes
    it); the client library then forgets who it is, and the group waits for its former self.
    """
    coordinator = consumer._coordinator
    await coordinator._do_heartbeat()
    return not coordinator._rejoin_needed_fut.done()


async def ensure_topics(bootstrap: str, service: str, *, replication: int = 1) -> None:
    """Create the topics a service publishes to, follows or dead-letters to, where missing.

    `replication` is the number of copies; a production cluster wants three, or topics that were
    created beforehand. Raises `KafkaError` if the broker cannot be reached or refuses.
    """
    ours = set(consumers_in(service))
    wanted = [
        (topic.name, topic.partitions, topic.retention_days)
        for topic in TOPICS
        if service == topic.producer or not ours.isdisjoint(topic.consumers)
    ]
    wanted += [
        (dlq_name(topic, consumer), DLQ_PARTITIONS, DLQ_RETENTION_DAYS)
        for consumer in sorted(ours)
        for topic in topics_for(consumer)
    ]
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap,
        client_id=f"kehu-{service}",
        request_timeout_ms=int(REQUEST_TIMEOUT * 1000),
    )
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [
            NewTopic(
                name,
                num_partitions=partitions,
                replication_factor=replication,
                topic_configs={"retention.ms": str(days * DAY_MS)},
            )
            for name, partitions, days in wanted
            if name not in existing
        ]
        if missing:
            _raise_refusals((await admin.create_topics(missing)).topic_errors)
    finally:
        await admin.close()


def _raise_refusals(answers: Iterable[tuple[object, ...]]) -> None:
    for name, code, *_message in answers:
        error = for_code(code)
        if code != 0 and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be created")


class DeadLetters:
    """Publishes records that could not be handled, unchanged, with the reason as headers.

    The producer is started when the first dead letter comes: most consumers never have one.
    """

    def __init__(self, bootstrap: str, *, consumer: str) -> None:
        self._bootstrap = bootstrap
        self._consumer = consumer
        self._producer: AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()

    async def publish(self, record: Record, *, reason: str, attempts: int) -> None:
        """Send one record to its dead letter topic; raises if that is not acknowledged."""
        headers = [
            *record.headers,
            ("kehu_reason", reason.encode()),
            ("kehu_attempts", str(attempts).encode()),
            ("kehu_original_topic", record.topic.encode()),
            ("kehu_original_partition", str(record.partition).encode()),
            ("kehu_original_offset", str(record.offset).encode()),
        ]
        async with self._lock:
            try:
                async with asyncio.timeout(2 * REQUEST_TIMEOUT):
                    await self._send(record, headers)
            except (KafkaError, TimeoutError, OSError):
                await self.close()
                raise

    async def _send(self, record: Record, headers: list[tuple[str, bytes | None]]) -> None:
        if self._producer is None:
            self._producer = new_producer(self._bootstrap, client_id=f"kehu-{self._consumer}-dlq")
            await self._producer.start()
        topic = dlq_name(record.topic, self._consumer)
        # A record needs a key or a value; a dead letter of one that had neither gets a key.
        key = record.key if record.key or record.value else b""
        try:
            await self._producer.send_and_wait(topic, key=key, value=record.value, headers=headers)
        except MessageSizeTooLargeError:
            # With our headers it is too large. The parked event keeps the value.
            size = str(len(record.value or b"")).encode()
            headers = [*headers, ("kehu_value_left_out", size)]
            await self._producer.send_and_wait(topic, key=key or b"", value=None, headers=headers)

    async def close(self) -> None:
        """Close the producer, if there is one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await abort(producer)


def backoff(failures: int, *, first: float = 0.1, longest: float = 10.0) -> float:
    """Return how many seconds to wait after so many failures in a row (from 1): doubling, jittered.

    The jitter keeps processes that failed together from coming back together.
    """
    wait: float = min(longest, first * 2 ** min(failures - 1, 16))
    return wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreading, not a secret


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until `stop` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
