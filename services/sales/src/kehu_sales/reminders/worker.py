"""The work of reminding; it may die anywhere and run beside others: what is told is marked."""

import logging
from collections.abc import Callable

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.reminders.service import remind

log = logging.getLogger("kehu.reminders")

TENANTS = """
    SELECT tenant_id FROM visits
        WHERE remind_at <= $1 AND reminded_at IS NULL
          AND status IN ('planned', 'in_approval', 'approved')
    UNION
    SELECT tenant_id FROM visits
        WHERE report_due_at < $1 AND overdue_told_at IS NULL AND status = 'done'
    UNION
    SELECT tenant_id FROM visits
        WHERE ends_at BETWEEN $1::timestamptz - interval '7 days' AND $1 AND missed_told_at IS NULL
          AND (status IN ('planned', 'in_approval', 'approved')
               OR status = 'checked_in' AND ends_at < $1 - interval '1 day')
    UNION
    SELECT tenant_id FROM tasks
        WHERE remind_at <= $1 AND reminded_at IS NULL AND status IN ('open', 'in_progress')
    UNION
    SELECT tenant_id FROM tasks
        WHERE due_on BETWEEN $2::date - 7 AND $2 AND due_told_at IS NULL
            AND status IN ('open', 'in_progress')
    ORDER BY 1
"""


class ReminderWork:
    """Reminds for all tenants, lot by lot, each its own transaction.

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
        """Tell a lot for each tenant of what is due now; return how many were told."""
        now = clock.now()
        async with self._databases.worker.worker_transaction() as session:
            rows = await session.fetch(TENANTS, now, clock.today(now, self._zone))
        return sum([await self._remind(row["tenant_id"]) for row in rows])

    async def _remind(self, tenant_id: str) -> int:
        context = Context(tenant_id=tenant_id, actor="system:reminders")
        try:
            async with self._databases.app.transaction(context) as session:
                told = await remind(session, self._batch, zone=self._zone)
        except Exception as error:
            # What one tenant's data do wrong does not keep the others waiting.
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("reminders of a tenant wait", extra=known)
            return 0
        if told:
            self._wake_relay()
        return told
