"""The worker that goes on with imports, batch by batch, each its own transaction."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from kehu_customer.imports import claims, queries, service, undoing
from kehu_customer.imports.errors import FileUnreadable, HeadersMissing
from kehu_customer.imports.models import WORKING, ImportState
from kehu_customer.imports.queries import Due
from kehu_customer.imports.spool import Spooled, spool
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.errors import DomainError
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.imports")

LOT = 100
"""Files that are deleted in one round."""
CLAIMS = 20_000
"""Claims of checks that are deleted in one round."""


class ImportWork:
    """Goes on with the imports of all tenants.

    It may die anywhere: a batch that was not committed is done again, from the position that was
    committed last. `wake_relay` is called after a commit that wrote events.
    """

    def __init__(
        self,
        databases: Databases,
        wake_relay: Callable[[], None],
        *,
        batch: int,
        attempts: int,
        time_zone: str,
        currency: str,
    ) -> None:
        self._databases, self._wake_relay = databases, wake_relay
        self._batch, self._attempts = batch, attempts
        self._time_zone, self._currency = time_zone, currency
        self._open: dict[UUID, Spooled] = {}

    async def work(self) -> int:
        """Deal with one batch of each import that goes on; return how many batches there were."""
        async with self._databases.worker.worker_transaction() as session:
            due = await queries.working(session)
        for gone in self._open.keys() - {one.import_id for one in due}:
            self._close(gone)
        return sum([await self._go_on(one) for one in due])

    async def _go_on(self, due: Due) -> int:
        """Deal with a batch in its maker's name; what fails is tried again, not for ever."""
        due = due._replace(context=replace(due.context, now=clock.now()))
        try:
            done = await self._one_batch(due)
        except Exception as error:
            known = {"tenant": due.context.tenant_id, "import": str(due.import_id)}
            log.warning("import waits", extra=known | {"error": repr(error)}, exc_info=True)
            why = error.code if isinstance(error, DomainError) else "internal-error"
            async with self._databases.app.transaction(due.context) as session:
                await service.give_up(
                    session,
                    due.import_id,
                    why,
                    attempts=self._attempts,
                    at_once=isinstance(error, FileUnreadable | HeadersMissing),
                )
            return 0
        self._wake_relay()
        return done

    async def _one_batch(self, due: Due) -> int:
        began = time.perf_counter()
        async with self._databases.app.transaction(due.context) as session:
            job = await queries.take(session, due.import_id)
            if job is None:
                return 0
            if job.state == ImportState.UNDOING:
                today = clock.today(due.context.now, self._time_zone)
                await undoing.go_on(session, job, today=today, limit=self._batch)
                return 1
            await queries.plan_for_many(session, job)
            spooled = await self._spooled(due)
            rows = await asyncio.to_thread(spooled.table.read, job.position, self._batch)
            await service.go_on(
                session,
                job,
                spooled.headers,
                rows,
                spooled.table.position,
                today=clock.today(due.context.now, self._time_zone),
                currency=self._currency,
            )
            job.busy_seconds += time.perf_counter() - began
            over = job.state not in WORKING
        if over:
            self._close(due.import_id)
        return 1

    async def _spooled(self, due: Due) -> Spooled:
        if due.import_id not in self._open:
            app = self._databases.app
            self._open[due.import_id] = await spool(app, due.context, due.import_id, due.format)
        return self._open[due.import_id]

    def _close(self, import_id: UUID) -> None:
        spooled = self._open.pop(import_id, None)
        if spooled is not None:
            spooled.close()


class FileExpiry:
    """Deletes files of imports that nobody has worked with for some days, and what checks kept."""

    def __init__(self, databases: Databases, *, keep_days: float) -> None:
        self._databases, self._keep = databases, timedelta(days=keep_days)

    async def work(self) -> int:
        """Delete some and return how many; what fails is tried again in the next round."""
        before = clock.now() - self._keep
        async with self._databases.worker.worker_transaction() as session:
            forgotten = await claims.forget(session, CLAIMS)
            old = await queries.with_old_files(session, before, LOT)
        return forgotten + sum([await self._expire(*one, before) for one in old])

    async def _expire(self, tenant_id: str, import_id: UUID, before: datetime) -> bool:
        context = Context(tenant_id=tenant_id, actor="system:import-expiry")
        try:
            async with self._databases.app.transaction(context) as session:
                return await service.expire_file(session, import_id, before)
        except Exception as error:
            known = {"tenant": tenant_id, "import": str(import_id), "error": repr(error)}
            log.warning("the file of an import stays for now", extra=known)
            return False
