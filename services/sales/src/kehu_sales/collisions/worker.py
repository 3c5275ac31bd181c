"""The round that looks at collisions again: relations that changed, what is over, late answers.

It may die anywhere and run beside others: what is to be looked at stands in rows that are claimed
and gone with the transaction, and what was told is marked. What one tenant's data do wrong does not
keep the others waiting.
"""

import logging
from collections.abc import Callable
from datetime import date

from sqlalchemy import delete, select

from kehu_kernel import audit, clock, outbox
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_sales.collisions import entry, events, queries
from kehu_sales.collisions.models import CollisionCheck
from kehu_sales.db import among

log = logging.getLogger("kehu.sales.collisions")

TENANTS = """
    SELECT tenant_id FROM collision_checks
    UNION
    SELECT tenant_id FROM collisions WHERE state IN ('open', 'claimed', 'contested')
    ORDER BY 1
"""


class CollisionWork:
    """Looks at collisions again for all tenants, lot by lot, each its own transaction.

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
        """Do a lot for each tenant that has any; return how much was done."""
        today = clock.today(clock.now(), self._zone)
        async with self._databases.worker.worker_transaction() as session:
            rows = await session.fetch(TENANTS)
        return sum([await self._go_on(row["tenant_id"], today) for row in rows])

    async def _go_on(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:collisions")
        try:
            async with self._databases.app.transaction(context) as session:
                done = await look_again(session, self._batch, today=today)
            async with self._databases.app.transaction(context) as session:
                done += await end_stale(session, self._batch, today=today)
                done += await tell_unanswered(session, self._batch, today=today)
        except Exception as error:
            known = {"tenant": tenant_id, "error": repr(error)}
            log.warning("collisions of a tenant wait", extra=known)
            return 0
        if done:
            self._wake_relay()
        return done


async def look_again(session: Session, limit: int, *, today: date) -> int:
    """Find what collides, or no more does, since customers are related otherwise; return of how
    many customers.
    """
    tenant_id = session.context.tenant_id
    asked = await session.scalars(
        select(CollisionCheck)
        .where(CollisionCheck.tenant_id == tenant_id)
        .order_by(CollisionCheck.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not asked:
        return 0
    done = [one.id for one in asked]
    watch = await entry.watch_over(session, [one.customer_id for one in asked])
    if watch is not None:
        found = await queries.open_sides(session, watch.related.everybody())
        known = await queries.collisions_of(session, [one.opportunity_id for one in found])
        clashes = entry.clashes_of(found, found, watch)
        new = {pair: why for pair, why in clashes.items() if entry.is_new(known.get(pair))}
        await entry.record(session, new, known, today=today)
        entry.lapse(session, known.values(), clashes, today)
    await session.execute(
        delete(CollisionCheck).where(
            CollisionCheck.tenant_id == tenant_id, among(CollisionCheck.id, done)
        )
    )
    return len(done)


async def end_stale(session: Session, limit: int, *, today: date) -> int:
    """Take note of collisions whose opportunities were closed or came into one hand."""
    found = await queries.stale(session, limit)
    for collision, closed in found:
        entry.lapse_one(session, collision, entry.CLOSED if closed else entry.CHANGED, today)
    return len(found)


async def tell_unanswered(session: Session, limit: int, *, today: date) -> int:
    """Tell, once, of claims that the other side has not answered in time."""
    found = await queries.unanswered(session, today, limit)
    for collision in found:
        collision.overdue_told = True
        fields = audit.changed(session, collision, "answer-overdue")
        event = events.answer_overdue(collision, fields)
        outbox.add(session, event, sequence=collision.version)
    return len(found)
