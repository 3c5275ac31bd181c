"""The work of telling which projects and milestones are late (1.1, problem 3), once each.

It may die anywhere and run beside others: that a planned day was told of stands on the project, in
the transaction of the event. What one tenant's data do wrong does not keep the others waiting.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from kehu_kernel import audit, clock, outbox
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_sales.projects import events
from kehu_sales.projects.models import Project

log = logging.getLogger("kehu.sales.projects")


async def tell_late(session: Session, limit: int, *, today: date) -> int:
    """Tell of one late thing of each of so many projects; return how many were told of.

    What is left is for the next call: each fact is a version of the project of its own. What others
    hold locked is left for later.
    """
    rows = await session.scalars(
        select(Project)
        .where(Project.tenant_id == session.context.tenant_id, Project.alert_on < today)
        .order_by(Project.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    told = 0
    for project in rows:
        alert = project.tell_late(today)
        fields = audit.changed(session, project, "late")
        if alert is not None:
            event = events.late(project, fields, alert, today)
            outbox.add(session, event, sequence=project.version)
            told += 1
    return told


class DelayWork:
    """Tells of what is late for all tenants, `batch` by batch, each its own transaction.

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
        query = select(Project.tenant_id).where(Project.alert_on < today)
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _tell(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:projects")
        try:
            async with self._databases.app.transaction(context) as session:
                told = await tell_late(session, self._batch, today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("late projects of a tenant wait", extra=known)
            return 0
        if told:
            self._wake_relay()
        return told
