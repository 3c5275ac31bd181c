"""The work of opening investigations of its own accord when credit reports expire (L2169).

It may die anywhere and run beside others: a report asks once, which the use case and the database
see to. What one tenant's data do wrong does not keep the others waiting.
"""

import logging
from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import select

from kehu_customer.credit_investigations.schemas import InvestigationRun
from kehu_customer.credit_investigations.service import open_due
from kehu_customer.credit_reports.models import CreditReport
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.credit")

LOT = 200
LONGEST_NOTICE = timedelta(days=366)
"""The most that a credit policy may ask for: nobody with a later expiry can be due."""


class ExpiryWork:
    """Opens what is due for all tenants, lot by lot, each its own transaction.

    `zone` is where a day begins. `wake_relay` is called after a commit that wrote events.
    """

    def __init__(self, databases: Databases, zone: str, wake_relay: Callable[[], None]) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay

    async def work(self) -> int:
        """Open a lot of what is due today for each tenant, and return how many were opened."""
        today = clock.today(clock.now(), self._zone)
        return sum([await self._open_lot(one, today) for one in await self._tenants(today)])

    async def _tenants(self, today: date) -> list[str]:
        """Return the tenants with reports that have expired, or soon will."""
        query = select(CreditReport.tenant_id).where(
            CreditReport.superseded_at.is_(None), CreditReport.expires_on <= today + LONGEST_NOTICE
        )
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _open_lot(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:credit-expiry")
        try:
            async with self._databases.app.transaction(context) as session:
                opened = await open_due(session, InvestigationRun(limit=LOT), today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("credit expiry of a tenant waits", extra=known)
            return 0
        if opened:
            self._wake_relay()
        return opened
