"""The work of warning of idle opportunities, and of returning them to the reserve pool."""

from collections.abc import Callable
from datetime import date
from functools import partial

from sqlalchemy import TextClause, text

from kehu_kernel.process import Databases
from kehu_sales.daily import DailyWork
from kehu_sales.idle.service import take_back, warn

TENANTS = """
    SELECT tenant_id FROM idle_policies p WHERE idle_days IS NOT NULL AND (
        CAST(:today AS date) - (p.idle_days - p.warn_days) >= (
            SELECT min(o.moved_on) FROM opportunities o WHERE o.tenant_id = p.tenant_id
                AND o.status = 'in_progress' AND o.idle_warned_on IS NULL
        ) OR CAST(:today AS date) >= (
            SELECT min(o.idle_return_on) FROM opportunities o WHERE o.tenant_id = p.tenant_id
                AND o.status = 'in_progress' AND o.idle_return_on IS NOT NULL
        )
    )
"""
"""Of each tenant that has a rule, the first entry of two indexes is read."""


class IdleWork(DailyWork):
    """Warns of idle opportunities, and takes them back."""

    name = "idle"

    def __init__(
        self, databases: Databases, zone: str, wake_relay: Callable[[], None], *, batch: int = 200
    ) -> None:
        super().__init__(databases, zone, wake_relay, batch=batch)
        self.steps = (partial(take_back, zone=zone), partial(warn, zone=zone))

    def tenants(self, today: date) -> TextClause:
        """Return the query for the tenants with opportunities to look at."""
        return text(TENANTS).bindparams(today=today)
