"""The worker that hands over what leavers look after, batch by batch, each its own transaction."""

import logging
from collections.abc import Callable

from kehu_customer.hand_overs import queries, service
from kehu_customer.hand_overs.queries import Due
from kehu_kernel.context import Context
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.hand_overs")


class HandOverWork:
    """Goes on with the running hand-overs of all tenants.

    It may die anywhere: a batch that was not committed is moved again. `wake_relay` is called after
    a commit that wrote events.
    """

    def __init__(self, databases: Databases, wake_relay: Callable[[], None], *, batch: int) -> None:
        self._databases = databases
        self._wake_relay = wake_relay
        self._batch = batch

    async def work(self) -> int:
        """Move one batch of each running hand-over; return how many customers were moved."""
        async with self._databases.worker.worker_transaction() as session:
            due = await queries.running(session)
        return sum([await self._go_on(one) for one in due])

    async def _go_on(self, due: Due) -> int:
        """Move a batch in the name of who asked; one that cannot be moved now waits for a round."""
        context = Context(
            tenant_id=due.tenant_id,
            actor=due.requested_by,
            request_id=due.request_id,
            traceparent=due.traceparent,
        )
        try:
            async with self._databases.app.transaction(context) as session:
                moved = await service.move_batch(session, due.hand_over_id, limit=self._batch)
        except Exception as error:
            known = {"tenant": due.tenant_id, "hand_over": str(due.hand_over_id)}
            log.warning("hand-over waits", extra=known | {"error": repr(error)})
            return 0
        self._wake_relay()
        return moved
