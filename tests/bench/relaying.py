"""The floor of the relay: read what is unsent, send it pipelined, mark it; nothing else.

`python -m bench.relaying` runs until it is killed. It owns nothing, so only one may run.
"""

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop

from kehu_kernel.broker import new_producer
from kehu_kernel.relay import BATCH

UNSENT = (
    "SELECT id, tenant_id, event_id, topic, key, type, sequence, occurred_at, actor, traceparent, "
    "payload FROM outbox WHERE sent_at IS NULL ORDER BY id LIMIT $1"
)
MARK = "UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY($1)"


async def relay() -> None:
    """Publish for ever."""
    connection = await asyncpg.connect(os.environ["BENCH_DATABASE_URL"])
    producer = new_producer(os.environ["BENCH_BOOTSTRAP"], client_id="floor")
    await producer.start()
    while True:
        rows = await connection.fetch(UNSENT, BATCH)
        if not rows:
            await asyncio.sleep(0.05)
            continue
        for row in rows:
            await producer.send(
                row["topic"], key=row["key"].encode(), value=row["payload"], headers=headers(row)
            )
        await producer.flush()
        await connection.execute(MARK, [row["id"] for row in rows])


def headers(row: Any) -> list[tuple[str, bytes]]:
    """Return the headers that the relay writes."""
    time = row["occurred_at"].astimezone(UTC).replace(tzinfo=None)
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(row["event_id"]).encode()),
        ("ce_source", b"/kehu/customer"),
        ("ce_type", row["type"].encode()),
        ("ce_time", f"{datetime.isoformat(time)}Z".encode()),
        ("ce_subject", row["key"].encode()),
        ("ce_tenantid", row["tenant_id"].encode()),
        ("ce_sequence", str(row["sequence"]).encode()),
        ("ce_actor", row["actor"].encode()),
        ("content-type", b"application/json"),
        ("traceparent", row["traceparent"].encode()),
    ]


if __name__ == "__main__":
    uvloop.run(relay())
