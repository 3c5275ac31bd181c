"""The two projectors that `projector` compares; each is a process: `python -m bench.projecting`.

`consume` is our worker as the services run it, with a fold of one upsert. `floor` is a bare loop
around the same upsert: fetch, decode what the fold needs, upsert and move the offsets in one
transaction. Both write a line per batch to the file `BENCH_BATCHES`: the moment, the
processor time used so far (both seconds) and the number of events.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from kehu_contracts.topics import CUSTOMER
from kehu_kernel.process import ConsumingWorker, Databases, main
from kehu_kernel.projection import MAX_RECORDS, project
from kehu_kernel.records import Fact
from kehu_kernel.session import Session
from kehu_kernel.settings import ServiceSettings
from kehu_sales.__main__ import SERVICE

TABLE = (
    """
    CREATE TABLE newest (
        tenant_id text NOT NULL, key text NOT NULL, sequence bigint NOT NULL, name text NOT NULL,
        PRIMARY KEY (tenant_id, key)
    )
    """,
    "GRANT ALL ON newest TO kehu_worker",
)
CONSUMER = SERVICE.name
FLOOR = "floor"

UPSERT = """
    INSERT INTO newest AS stored (tenant_id, key, sequence, name)
    SELECT * FROM unnest(
        CAST({} AS text[]), CAST({} AS text[]), CAST({} AS bigint[]), CAST({} AS text[])
    )
    ON CONFLICT (tenant_id, key) DO UPDATE
    SET sequence = excluded.sequence, name = excluded.name
    WHERE stored.sequence < excluded.sequence
"""
OUR_UPSERT = text(UPSERT.format(":tenants", ":keys", ":sequences", ":names"))
FLOOR_UPSERT = UPSERT.format("$1", "$2", "$3", "$4")
ADVANCE = """
    UPDATE projection_offsets AS stored SET next_offset = new.next, updated_at = now()
    FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
        AS new (topic, partition, expected, next)
    WHERE stored.consumer = $1 AND stored.topic = new.topic
        AND stored.partition = new.partition AND stored.next_offset = new.expected
    RETURNING 1
"""
START = """
    INSERT INTO projection_offsets (consumer, topic, partition, next_offset)
    SELECT $1, $2, partition, 0 FROM generate_series(0, $3 - 1) AS partition
"""


class Batches:
    """The file that says when how many events were done."""

    def __init__(self) -> None:
        path = Path(os.environ["BENCH_BATCHES"])
        self._file = path.open("w", buffering=1, encoding="utf-8")
        self.events = 0

    def done(self) -> None:
        """Note that the events counted since the last call are committed."""
        self._file.write(f"{time.time()} {time.process_time()} {self.events}\n")
        self.events = 0


def ours() -> None:
    """Run the service's consumer process with our fold in it."""
    batches = Batches()

    async def fold(session: Session, facts: Sequence[Fact]) -> None:
        batches.events += len(facts)
        newest: dict[tuple[str, str], tuple[int, str]] = {}
        for event, envelope in facts:
            key = envelope.tenant_id, envelope.subject
            if key not in newest or newest[key][0] < envelope.sequence:
                newest[key] = envelope.sequence, event.name  # type: ignore[attr-defined]
        await session.execute(OUR_UPSERT, _columns(newest))

    def consumers(
        databases: Databases, settings: ServiceSettings, _wake: Callable[[], None]
    ) -> Sequence[ConsumingWorker]:
        return [
            project(
                fold,
                consumer=CONSUMER,
                database=databases.worker,
                bootstrap=settings.kafka_bootstrap,
                after_commit=batches.done,
            )
        ]

    main(replace(SERVICE, consumers=consumers), ["consume"])


async def floor() -> None:
    """Run the bare loop until killed."""
    batches = Batches()
    connection = await asyncpg.connect(os.environ["BENCH_DATABASE_URL"])
    await connection.execute(START, FLOOR, CUSTOMER.name, CUSTOMER.partitions)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=os.environ["BENCH_BOOTSTRAP"], enable_auto_commit=False
    )
    await consumer.start()
    partitions = [TopicPartition(CUSTOMER.name, number) for number in range(CUSTOMER.partitions)]
    consumer.assign(partitions)
    for partition in partitions:
        consumer.seek(partition, 0)
    places = dict.fromkeys(partitions, 0)
    while True:
        fetched = await consumer.getmany(timeout_ms=200, max_records=MAX_RECORDS)
        if not fetched:
            continue
        newest: dict[tuple[str, str], tuple[int, str]] = {}
        for records in fetched.values():
            for record in records:
                headers = dict(record.headers)
                key = headers["ce_tenantid"].decode(), headers["ce_subject"].decode()
                sequence = int(headers["ce_sequence"])
                if key not in newest or newest[key][0] < sequence:
                    newest[key] = sequence, orjson.loads(record.value)["name"]
            batches.events += len(records)
        await _commit(connection, fetched, places, newest)
        batches.done()


async def _commit(
    connection: Any,
    fetched: dict[TopicPartition, list[Any]],
    places: dict[TopicPartition, int],
    newest: dict[tuple[str, str], tuple[int, str]],
) -> None:
    ends = {partition: records[-1].offset + 1 for partition, records in fetched.items()}
    async with connection.transaction():
        moved = await connection.fetch(
            ADVANCE, FLOOR, [one.topic for one in ends], [one.partition for one in ends],
            [places[one] for one in ends], list(ends.values()),
        )  # fmt: skip
        assert len(moved) == len(ends)
        await connection.execute(FLOOR_UPSERT, *_columns(newest).values())
    places.update(ends)


def _columns(newest: dict[tuple[str, str], tuple[int, str]]) -> dict[str, list[Any]]:
    return {
        "tenants": [tenant for tenant, _ in newest],
        "keys": [key for _, key in newest],
        "sequences": [sequence for sequence, _ in newest.values()],
        "names": [name for _, name in newest.values()],
    }


if __name__ == "__main__":
    if sys.argv[1] == "floor":
        uvloop.run(floor())
    else:
        ours()
