"""The worker that makes exports of a person's data, and drops those that have expired."""

import logging
from uuid import UUID

from kehu_customer.data_exports import service
from kehu_kernel.context import Context
from kehu_kernel.process import Databases

log = logging.getLogger("kehu.data_exports")


class ExportWork:
    """Makes and drops the exports of all tenants, each in its own transaction.

    It may die anywhere: what was not committed is made again.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def work(self) -> int:
        """Take on each export that is due; return how many were made or dropped."""
        async with self._databases.worker.worker_transaction() as session:
            due = await service.due(session)
        return sum([await self._take_on(*one) for one in due])

    async def _take_on(self, tenant_id: str, export_id: UUID) -> int:
        context = Context(tenant_id=tenant_id, actor="system:data-exports")
        try:
            async with self._databases.app.transaction(context) as session:
                return int(await service.take_on(session, export_id))
        except Exception as error:
            known = {"tenant": tenant_id, "export": str(export_id)}
            log.warning("export waits", extra=known, exc_info=error)
            return 0
