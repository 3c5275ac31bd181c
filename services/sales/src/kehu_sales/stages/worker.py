"""The work of telling which opportunities stay in a stage longer than planned (S3).

It may die anywhere and run beside others: that a stay was told of stands on the opportunity, in the
transaction of the event. What one tenant's data do wrong does not keep the others waiting.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.opportunities.models import Opportunity
from kehu_sales.opportunities.words import Status
from kehu_sales.stages.service import tell_overdue

log = logging.getLogger("kehu.sales.overdue")


class OverdueWork:
    """Tells of what is overdue for all tenants, `batch` by batch, each its own transaction.

    `zone` is where a day begins. `wake_relay` is called after a commit that wrote events.
    """

    def __init__(
        self, databases: Databases, zone: str, wake_relay: Callable[[], None], *, batch: int
    ) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay
        self._batch = batch

    async def work(self) -> int:
        """Tell of one batch for each tenant that has any; return of how many."""
        today = clock.today(clock.now(), self._zone)
        return sum([await self._tell(one, today) for one in await self._tenants(today)])

    async def _tenants(self, today: date) -> list[str]:
        query = select(Opportunity.tenant_id).where(
            Opportunity.status == Status.IN_PROGRESS,
            Opportunity.stage_overdue_told.is_(False),
            Opportunity.stage_due_on < today,
        )
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _tell(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:stages")
        try:
            async with self._databases.app.transaction(context) as session:
                told = await tell_overdue(session, self._batch, today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("overdue stages of a tenant wait", extra=known)
            return 0
        if told:
            self._wake_relay()
        return told
