"""Events on a topic, made without a service: as many as a measurement wants."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaProducer

from bench.servers import TENANT
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope, source_of
from kehu_contracts.examples import load
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import clock, ids
from kehu_kernel.broker import ensure_topics, partition_of

VERSIONS = 10
"""How many events each customer has: most of them update what is there."""

AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Message:
    """A record as it is sent."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def messages(count: int) -> Iterator[Message]:
    """Return so many events about `count / VERSIONS` customers, each customer's in order."""
    example = CustomerChanged.from_bytes(load(CustomerChanged.type)[0].data)
    data = example.to_bytes()
    old_id, old_name = str(example.customer_id).encode(), example.name.encode()
    customers = [str(ids.new_id()).encode() for _ in range(max(1, count // VERSIONS))]
    fixed = _fixed_headers(data)
    numbers = itertools.islice(itertools.count(), count)
    for number in numbers:
        version, place = divmod(number, len(customers))
        key = customers[place]
        value = data.replace(old_id, key).replace(old_name, b"Customer v%d" % (version + 1))
        headers = [
            *fixed,
            ("ce_id", str(ids.new_id()).encode()),
            ("ce_subject", key),
            ("ce_sequence", b"%d" % (version + 1)),
        ]
        yield Message(key, value, headers)


def _fixed_headers(data: bytes) -> list[tuple[str, bytes]]:
    """Return the headers that are the same for all events."""
    envelope = Envelope(
        id=UUID(int=0),
        type=CustomerChanged.type,
        source=source_of("customer"),
        time=clock.now(),
        tenant_id=TENANT,
        subject="-",
        sequence=1,
        actor="tester",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=data,
    )
    vary = ("ce_id", "ce_subject", "ce_sequence")
    return [(name, value) for name, value in envelope.headers() if name not in vary]


async def fill(bootstrap: str, count: int) -> None:
    """Publish so many events on the customer topic, which has none yet."""
    await ensure_topics(bootstrap, CUSTOMER.producer)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        linger_ms=5,
        max_batch_size=256 * 1024,
        compression_type="lz4",
        partitioner=partition_of,
    )
    await producer.start()
    try:
        sent: list[asyncio.Future[object]] = []
        for message in messages(count):
            sent.append(
                await producer.send(
                    CUSTOMER.name, key=message.key, value=message.value, headers=message.headers
                )
            )
            if len(sent) == AT_ONCE:
                await asyncio.gather(*sent)
                sent.clear()
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
