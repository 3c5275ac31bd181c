"""The work of letting quotes expire when their last day is over.

It may die anywhere and run beside others: a lot is one transaction, locked rows are left to whoever
has them, and what is expired is not found again.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import ColumnElement, select

from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_sales.quotes.models import HOLDING, Quote
from kehu_sales.quotes.service import expire

log = logging.getLogger("kehu.quotes")

LOT = 200


class ExpiryWork:
    """Lets quotes of all tenants expire, lot by lot. `zone` is where a day begins.

    `wake_relay` is called after a commit that wrote events.
    """

    def __init__(self, databases: Databases, zone: str, wake_relay: Callable[[], None]) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay

    async def work(self) -> int:
        """Let a lot of each tenant's quotes expire, and return how many did."""
        today = clock.today(clock.now(), self._zone)
        return sum([await self._expire_lot(one, today) for one in await self._tenants(today)])

    async def _tenants(self, today: date) -> list[str]:
        query = select(Quote.tenant_id).where(*expiring(today))
        async with self._databases.worker.worker_transaction() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _expire_lot(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:quote-expiry")
        try:
            async with self._databases.app.transaction(context) as session:
                expired = await expire_due(session, today, limit=LOT)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("quote expiry of a tenant waits", extra=known)
            return 0
        if expired:
            self._wake_relay()
        return expired


def expiring(today: date) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of quotes that end: what a contract was made from goes on with it."""
    return (
        Quote.state.in_(HOLDING),
        Quote.expires_on < today,
        Quote.contract_id.is_(None),
    )


async def expire_due(session: Session, today: date, *, limit: int) -> int:
    """Let the quotes of the session's tenant expire whose last day is over; return how many."""
    due = (
        select(Quote)
        .where(
            Quote.tenant_id == session.context.tenant_id,
            *expiring(today),
        )
        .order_by(Quote.expires_on, Quote.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    found = await session.scalars(due)
    for quote in found:
        expire(session, quote, today)
    return len(found)
