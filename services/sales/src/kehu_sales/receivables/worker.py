"""The work of telling which instalments are overdue.

It may die anywhere and run beside others: a lot is one transaction, locked rows are left to whoever
has them, and what was told is not found again.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.contracts.models import Instalment
from kehu_sales.receivables.queries import overdue
from kehu_sales.receivables.service import tell_overdue

log = logging.getLogger("kehu.receivables")


class InstalmentWork:
    """Tells of overdue instalments of all tenants, lot by lot. `zone` is where a day begins.

    `wake_relay` is called after a commit that wrote events.
    """

    def __init__(
        self, databases: Databases, zone: str, wake_relay: Callable[[], None], *, batch: int
    ) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay
        self._batch = batch

    async def work(self) -> int:
        """Tell of a lot of each tenant's instalments, and return of how many."""
        today = clock.today(clock.now(), self._zone)
        return sum([await self._tell(one, today) for one in await self._tenants(today)])

    async def _tenants(self, today: date) -> list[str]:
        query = select(Instalment.tenant_id).where(*overdue(today))
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _tell(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:overdue-instalments")
        try:
            async with self._databases.app.transaction(context) as session:
                told = await tell_overdue(session, today, limit=self._batch)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("overdue instalments of a tenant wait", extra=known)
            return 0
        if told:
            self._wake_relay()
        return told
