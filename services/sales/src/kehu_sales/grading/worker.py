"""The work of grading again what became stale, and of telling whose handling takes too long (S4).

It may die anywhere and run beside others: what is done stands in the transaction that did it. What
one tenant's data do wrong does not keep the others waiting.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.grading.models import OpportunityAssessment
from kehu_sales.grading.service import regrade_stale, tell_handling_overdue
from kehu_sales.opportunities.models import Opportunity

log = logging.getLogger("kehu.sales.grading")


class GradingWork:
    """Grades and tells for all tenants, `batch` by batch, each its own transaction.

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
        """Do one batch of each kind for each tenant that has any; return how many."""
        today = clock.today(clock.now(), self._zone)
        return sum([await self._do(one, today) for one in await self._tenants(today)])

    async def _tenants(self, today: date) -> list[str]:
        stale = select(OpportunityAssessment.tenant_id).where(OpportunityAssessment.stale)
        late = select(Opportunity.tenant_id).where(
            Opportunity.handle_by_on < today, Opportunity.handling_overdue_told.is_(False)
        )
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(stale.union(late)))

    async def _do(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:grading")
        try:
            async with self._databases.app.transaction(context) as session:
                done = await regrade_stale(session, self._batch, today=today)
            async with self._databases.app.transaction(context) as session:
                done += await tell_handling_overdue(session, self._batch, today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("the grades of a tenant wait", extra=known)
            return 0
        if done:
            self._wake_relay()
        return done
