"""Reading a whole topic, to compare it with what was written."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from faults.checks import Published


async def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """Return where each partition of a topic ends."""
    consumer, places = await _reader(bootstrap, topic)
    try:
        return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()


async def handled_up_to(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Return what a group has committed, by partition of a topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
        return {place.partition: one.offset for place, one in found.items() if place.topic == topic}
    finally:
        await admin.close()


async def read_topic(
    bootstrap: str, topic: str, since: Mapping[int, int] | None = None
) -> list[Published]:
    """Return every event on a topic, from the offsets in `since` (by partition) if given.

    Raises `InvalidEnvelope` for a record that is no event of ours.
    """
    consumer, places = await _reader(bootstrap, topic)
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[Published] = []
        for place in places:
            position = (since or {}).get(place.partition, 0)
            consumer.seek(place, position)
            while position < ends[place]:
                records = (await consumer.getmany(place, timeout_ms=1000)).get(place, [])
                found += [Published.of(record) for record in records]
                position = records[-1].offset + 1 if records else await consumer.position(place)
        return found
    finally:
        await consumer.stop()


async def _reader(bootstrap: str, topic: str) -> tuple[AIOKafkaConsumer, list[TopicPartition]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()  # with the topic, so that its partitions are known
    consumer.unsubscribe()
    numbers = consumer.partitions_for_topic(topic) or ()
    return consumer, [TopicPartition(topic, number) for number in sorted(numbers)]
