"""The worker that hands over what leavers hold in sales, batch by batch."""

import logging
from collections.abc import Callable
from uuid import UUID

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.hand_overs import service
from kehu_sales.settings import Settings

log = logging.getLogger("kehu.hand_overs")


class HandOverWork:
    """Goes on with the hand-overs of all tenants that are not done.

    It may die anywhere: what was not committed is moved again. `wake_relay` is called after a
    commit that wrote events.
    """

    def __init__(
        self, databases: Databases, settings: Settings, wake_relay: Callable[[], None]
    ) -> None:
        self._databases = databases
        self._settings = settings
        self._wake_relay = wake_relay

    async def work(self) -> int:
        """Move one batch of each hand-over; return how many records were moved."""
        async with self._databases.worker.worker_transaction() as session:
            due = await service.due(session)
        return sum([await self._go_on(*one) for one in due])

    async def _go_on(self, tenant_id: str, hand_over_id: UUID) -> int:
        """Move a batch; what cannot be moved now waits for the next round."""
        context = Context(tenant_id=tenant_id, actor="system:hand-overs")
        today = clock.today(context.now, self._settings.time_zone)
        limit = self._settings.hand_over_batch
        try:
            async with self._databases.app.transaction(context) as session:
                moved = await service.move_batch(session, hand_over_id, limit=limit, today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "hand_over": str(hand_over_id), "error": repr(error)}
            log.warning("hand-over waits", extra=known)
            return 0
        self._wake_relay()
        return moved
