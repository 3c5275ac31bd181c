"""Work that the day brings: a lot for each tenant that has any, and what has failed waits.

It may die anywhere and run beside others: a lot is one transaction, which marks what was done, and
rows that others hold locked are left to them. What one tenant's data do wrong does not keep the
others waiting.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import Executable

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.sales.daily")

Step = Callable[..., Awaitable[int]]
"""Does at most `limit` of a tenant's things that are due `today`, and returns how many."""


class DailyWork(ABC):
    """Does what is due, each step a transaction; `zone` is where a day begins.

    `wake_relay` is called after a commit that wrote events. A kind of work says its `name`, its
    `steps`, and which tenants have any.
    """

    name: ClassVar[str]
    steps: tuple[Step, ...]

    def __init__(
        self, databases: Databases, zone: str, wake_relay: Callable[[], None], *, batch: int = 200
    ) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay
        self._batch = batch

    @abstractmethod
    def tenants(self, today: date) -> Executable:
        """Return the query for the tenants that have something to do."""

    async def work(self) -> int:
        """Do one lot for each tenant that has any; return how much was done."""
        today = clock.today(clock.now(), self._zone)
        async with self._databases.worker.worker_transaction() as session:
            found: set[Any] = set(await session.scalars(self.tenants(today)))
        return sum([await self._do(one, today) for one in sorted(found)])

    async def _do(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor=f"system:{self.name}")
        done = 0
        for step in self.steps:
            try:
                async with self._databases.app.transaction(context) as session:
                    done += await step(session, self._batch, today=today)
            except Exception as error:
                known = {"tenant": tenant_id, "work": self.name, "error": repr(error)}
                log.warning("what is due for a tenant waits", extra=known)
        if done:
            self._wake_relay()
        return done
