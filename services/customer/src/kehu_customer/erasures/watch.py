"""Watching over erasures: how many services have not acknowledged in time."""

from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import func, select

from kehu_customer.erasures.models import Erasure, ErasureState
from kehu_kernel import clock
from kehu_kernel.db import Database

OVERDUE = Gauge("kehu_erasures_overdue", "Erasures some service should have acknowledged by now.")


class OverdueWatch:
    """Counts the overdue erasures of all tenants."""

    def __init__(self, worker: Database, *, after_hours: float) -> None:
        self._worker = worker
        self._after = timedelta(hours=after_hours)

    async def work(self) -> int:
        """Count once; return zero: nothing was done that more could follow."""
        query = select(func.count()).where(
            Erasure.state == ErasureState.ORDERED, Erasure.created_at < clock.now() - self._after
        )
        async with self._worker.worker_transaction() as session:
            OVERDUE.set(await session.scalar(query) or 0)
        return 0
