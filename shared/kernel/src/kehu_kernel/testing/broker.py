"""What tests of running workers share: run them, wait for an outcome, read a topic."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from kehu_contracts.envelope import Envelope
from kehu_kernel.process import Worker

Found = TypeVar("Found")


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker for the length of the block, then stop it gracefully."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield task
    finally:
        stop.set()
        await task


async def eventually(
    look: Callable[[], Awaitable[Found]],
    enough: Callable[[Found], bool] = bool,
    *,
    seconds: float = 20.0,
) -> Found:
    """Look again and again until what is found is enough; fail with what was found last."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if enough(found):
            return found
        assert time.monotonic() < deadline, f"still, after {seconds:.0f} s: {found!r}"[:2000]
        await asyncio.sleep(0.05)


async def published(bootstrap: str, topic: str, tenant: str) -> list[Envelope]:
    """Return the tenant's events on a topic; those of one aggregate are in their order."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    consumer.unsubscribe()
    try:
        numbers = consumer.partitions_for_topic(topic) or ()
        places = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[Envelope] = []
        for place in places:
            consumer.seek(place, 0)
            position = 0
            while position < ends[place]:
                records = (await consumer.getmany(place, timeout_ms=1000)).get(place, [])
                found += [
                    Envelope.from_record(record.headers, record.value)
                    for record in records
                    if ("ce_tenantid", tenant.encode()) in record.headers
                ]
                position = records[-1].offset + 1 if records else await consumer.position(place)
        return found
    finally:
        await consumer.stop()
