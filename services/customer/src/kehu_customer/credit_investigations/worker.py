"""The worker that opens investigations of its own accord when credit reports expire (L2169).

It may die anywhere and run beside others: a report asks once, which the use case and the database
see to. What one tenant's data do wrong does not keep the others waiting.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select

from kehu_customer.credit_investigations.schemas import InvestigationRun
from kehu_customer.credit_investigations.service import open_due
from kehu_customer.credit_reports.models import CreditReport
from kehu_customer.settings import Settings
from kehu_kernel import broker, clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.credit")

LOT = 200
LONGEST_NOTICE = timedelta(days=366)
"""The most that a credit policy may ask for: nobody with a later expiry can be due."""
STUCK_AFTER = 600.0


class ExpiryWorker:
    """Opens what is due for all tenants, every `credit_run_interval` seconds.

    `wake_relay` is called after a commit that wrote events.
    """

    name = "credit-expiry"

    def __init__(
        self, databases: Databases, settings: Settings, wake_relay: Callable[[], None]
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._wake_relay = wake_relay
        self._began: float | None = None
        self.stuck_after = STUCK_AFTER

    def stuck(self) -> str | None:
        """Say so if a round takes far longer than any round takes; waiting is no round."""
        lasts = 0.0 if self._began is None else time.monotonic() - self._began
        return f"a round since {lasts:.0f} s" if lasts > self.stuck_after else None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the lot under way is finished."""
        failures = 0
        while not stop.is_set():
            self._began = time.monotonic()
            try:
                await self.work(clock.today(clock.now(), self._settings.time_zone), stop)
                failures, wait = 0, self._settings.credit_run_interval
            except Exception as error:
                failures += 1
                log.warning("credit expiry waits", extra={"error": repr(error)})
                wait = broker.backoff(failures, longest=60.0)
            self._began = None
            await broker.pause(stop, wait)

    async def work(self, today: date, stop: asyncio.Event) -> int:
        """Open what is due on a day, tenant by tenant, and return how many were opened."""
        opened = 0
        for tenant_id in await self._tenants(today):
            try:
                opened += await self._open_all(tenant_id, today, stop)
            except Exception as error:
                log.warning(
                    "credit expiry of a tenant waits",
                    extra={"tenant": tenant_id, "error": repr(error)},
                )
        return opened

    async def _tenants(self, today: date) -> list[str]:
        """Return the tenants with reports that have expired, or soon will."""
        query = select(CreditReport.tenant_id).where(
            CreditReport.superseded_at.is_(None), CreditReport.expires_on <= today + LONGEST_NOTICE
        )
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _open_all(self, tenant_id: str, today: date, stop: asyncio.Event) -> int:
        opened = lot = 0
        while not stop.is_set():
            context = Context(tenant_id=tenant_id, actor=f"system:{self.name}")
            async with self._databases.app.transaction(context) as session:
                lot = await open_due(session, InvestigationRun(limit=LOT), today=today)
            opened += lot
            if lot:
                self._wake_relay()
            if lot < LOT:
                break
        return opened
