"""Housekeeping of the plumbing tables: how much waits, and removal of what is no longer needed."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import text

from kehu_kernel import clock
from kehu_kernel.db import Database

log = logging.getLogger("kehu.housekeeping")

UNSENT = Gauge("kehu_outbox_unsent", "Events that wait to be published.", ["service"])
OLDEST = Gauge("kehu_outbox_oldest_unsent_seconds", "Age of the oldest of them.", ["service"])

CHUNK = 2000
MEASURE_INTERVAL = 5.0
PURGE_INTERVAL = 60.0
INBOX_RETENTION = timedelta(days=30)  # topics keep 7 days: nothing older can be delivered again


@dataclass(frozen=True, slots=True)
class Purge:
    """Rows of `table` go when the time in `column` is longer ago than `keep`."""

    table: str
    column: str
    keep: timedelta


def purges(*, sent_events: timedelta, idempotency_keys: timedelta) -> tuple[Purge, ...]:
    """Return what is removed from a service's plumbing tables."""
    return (
        Purge("outbox", "sent_at", sent_events),
        Purge("inbox", "handled_at", INBOX_RETENTION),
        Purge("idempotency_keys", "created_at", idempotency_keys),
    )


class Housekeeping:
    """Runs beside the relay on a connection of its own, so that publishing never waits for it."""

    def __init__(self, database: Database, *, service: str, purges: tuple[Purge, ...]) -> None:
        self._database = database
        self._service = service
        self._purges = purges
        self._task: asyncio.Task[None] | None = None
        self._measured_at = self._purged_at = -PURGE_INTERVAL

    def start_if_due(self) -> None:
        """Begin a round in the background, unless one is running or it is too early."""
        running = self._task is not None and not self._task.done()
        if not running and time.monotonic() - self._measured_at >= MEASURE_INTERVAL:
            self._task = asyncio.create_task(self._round())

    async def close(self) -> None:
        """Wait for a round that is under way."""
        if self._task is not None:
            await self._task

    async def _round(self) -> None:
        try:
            self._measured_at = time.monotonic()
            await self._measure()
            if time.monotonic() - self._purged_at >= PURGE_INTERVAL:
                self._purged_at = time.monotonic()
                for purge in self._purges:
                    await run_purge(self._database, purge)
        except Exception as error:
            log.warning("housekeeping failed", extra={"error": repr(error)})

    async def _measure(self) -> None:
        async with self._database.worker_transaction() as session:
            unsent, age = (
                await session.execute(
                    text(
                        "SELECT count(*), extract(epoch FROM clock_timestamp() - min(created_at)) "
                        "FROM outbox WHERE sent_at IS NULL"
                    )
                )
            ).one()
        UNSENT.labels(self._service).set(unsent)
        OLDEST.labels(self._service).set(age or 0)


async def run_purge(database: Database, purge: Purge) -> int:
    """Delete what is due, in chunks that hold their locks briefly; return how many rows went."""
    # Table and column come from this module, never from input.
    statement = text(
        f"DELETE FROM {purge.table} WHERE ctid = ANY(ARRAY("  # noqa: S608
        f"SELECT ctid FROM {purge.table} WHERE {purge.column} < :before "
        f"ORDER BY {purge.column} LIMIT :chunk))"
    )
    before = clock.now() - purge.keep
    total = 0
    while True:
        async with database.worker_transaction() as session:
            result = await session.execute(statement, {"before": before, "chunk": CHUNK})
        deleted: int = result.rowcount
        total += deleted
        if deleted < CHUNK:
            return total
