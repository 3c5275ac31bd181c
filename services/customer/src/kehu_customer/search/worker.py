"""The worker that makes the terms of customers who were on record before search was (C15)."""

from kehu_customer.search.index import build_on
from kehu_kernel.process import Databases


class BuildWork:
    """Goes on with the terms of all customers of all tenants, batch by batch, until all have some.

    It may die anywhere: a batch that was not committed is made again.
    """

    def __init__(self, databases: Databases, *, batch: int) -> None:
        self._databases = databases
        self._batch = batch

    async def work(self) -> int:
        """Make one batch; return of how many customers."""
        async with self._databases.worker.worker_transaction() as session:
            return await build_on(session, self._batch)
