"""The round that looks at collisions again: relations that changed, what is over, late answers.

It may die anywhere and run beside others: what is to be looked at stands in rows that go with the
transaction that did it, and what was told is marked. What one tenant's data do wrong does not keep
the others waiting.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import delete, select

from kehu_kernel import audit, clock, outbox
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_sales.collisions import entry, events, queries
from kehu_sales.collisions.comparison import compare
from kehu_sales.collisions.models import AtEntry, CollisionWalk
from kehu_sales.collisions.relations import ask_again_about
from kehu_sales.collisions.rules import Side
from kehu_sales.collisions.service import settle_unanswered
from kehu_sales.db import among

log = logging.getLogger("kehu.sales.collisions")

AT_A_TIME = 10
"""Opportunities that are looked at again in one transaction."""

TENANTS = """
    WITH RECURSIVE asking AS (
        SELECT min(tenant_id) AS tenant_id FROM collision_checks
        UNION ALL
        SELECT (SELECT min(k.tenant_id) FROM collision_checks k WHERE k.tenant_id > a.tenant_id)
        FROM asking a WHERE a.tenant_id IS NOT NULL
    )
    SELECT tenant_id FROM asking WHERE tenant_id IS NOT NULL
    UNION
    SELECT tenant_id FROM collision_walks
    UNION
    SELECT tenant_id FROM collisions
    WHERE state = 'claimed' AND NOT overdue_told AND answer_due_on < $1
    UNION
    SELECT tenant_id FROM collision_policies p
    WHERE on_no_answer <> 'wait' AND EXISTS (
        SELECT FROM collisions c WHERE c.tenant_id = p.tenant_id
            AND c.state = 'claimed' AND c.overdue_told AND c.answer_due_on < $1
    )
    ORDER BY 1
"""
"""Who has something to do: what nobody asked for, and is not late, is not touched.

However many checks a tenant has, one is read: from tenant to tenant by the index.
"""

TAKE_TURN = """
    SELECT pg_try_advisory_xact_lock(hashtextextended('collisions:' || $1, 0)) AS mine
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
            rows = await session.fetch(TENANTS, today)
        return sum([await self._go_on(row["tenant_id"], today) for row in rows])

    async def _go_on(self, tenant_id: str, today: date) -> int:
        context = Context(tenant_id=tenant_id, actor="system:collisions")
        done = 0
        for step in (look_again, walk_on, tell_unanswered, settle_unanswered):
            try:
                async with self._databases.app.transaction(context) as session:
                    done += await step(session, self._batch, today=today)
            except Exception as error:
                known = {"tenant": tenant_id, "error": repr(error)}
                log.warning("collisions of a tenant wait", extra=known)
        if done:
            self._wake_relay()
        return done


async def look_again(session: Session, limit: int, *, today: date) -> int:
    """Find what collides, or no more does, of the opportunities that are to be looked at again.

    Return of how many. All together are compared with about `limit` others; what is beyond them,
    another lot does, when those that waited longer had their turn: so neither who enters something
    nor a small group waits long for a huge one. One looks at a time; who enters something meanwhile
    waits as for another entry.
    """
    tenant_id = session.context.tenant_id
    (turn,) = await session.fetch(TAKE_TURN, tenant_id)
    checks = await session.fetch(queries.CHECKS, tenant_id, AT_A_TIME) if turn["mine"] else []
    if not checks:
        return 0
    after = {one["id"]: one["after_id"] for one in checks}
    before = await queries.sides_of(session, after)
    customers = [one.customer_id for one in before.values()]
    watch = await entry.watch_over(session, customers, always=True)
    own: dict[UUID, Side | None] = dict.fromkeys(after)
    own |= await queries.sides_of(session, after)  # as they are now that nobody enters anything
    held = watch.related.members if watch else ()
    for one, side in [*own.items()]:
        if side and side.customer_id not in held:
            del own[one]  # of another customer meanwhile: the next lot
    most = max(1, limit // max(1, len(own)))
    found = await compare(session, own, watch, after=after, most=most)
    if watch and watch.policy.at_entry != AtEntry.IGNORE:
        known = found.known
        new = {pair: why for pair, why in found.clashes.items() if entry.is_new(known.get(pair))}
        await entry.record(session, new, known, today=today)
    reasons = await queries.why_over(session, found.gone.values())
    for collision in found.gone.values():
        entry.lapse_one(session, collision, reasons[collision.id], today)
    await session.flush()  # what is left waits for nobody
    asked = {one["id"]: one["asked"] for one in checks if one["id"] in own}
    await _note(session, asked, found.later)
    return len(asked)


async def _note(session: Session, asked: Mapping[UUID, int], later: Mapping[UUID, UUID]) -> None:
    """Take note of what was done, and of what is to go on beyond which other one."""
    tenant_id = session.context.tenant_id
    done = [one for one in asked if one not in later]
    await session.fetch(queries.DONE, tenant_id, done, [asked[one] for one in done])
    if later:
        counts = [asked[one] for one in later]
        await session.fetch(queries.GO_ON, tenant_id, [*later], counts, [*later.values()])


async def walk_on(session: Session, limit: int, *, today: date) -> int:
    """Note the next of what is open already, where the rules find more than before.

    Return how many were read. It waits while many checks wait: what is entered now has its turn.
    """
    tenant_id = session.context.tenant_id
    walks = await session.scalars(
        select(CollisionWalk)
        .where(CollisionWalk.tenant_id == tenant_id)
        .order_by(CollisionWalk.id.desc())
        .with_for_update(skip_locked=True)
    )
    if not walks or len(await session.fetch(queries.ENOUGH, tenant_id, limit)) == limit:
        return 0
    walk = walks[0]
    lot = await session.fetch(queries.OPEN_ALREADY, tenant_id, walk.after_id, limit)
    await ask_again_about(session, [row["id"] for row in lot if row["counts"]])
    over = walks[1:]
    if len(lot) < limit:
        over = walks
    else:
        walk.after_id = lot[-1]["id"]
        await session.flush()
    await session.execute(
        delete(CollisionWalk).where(
            CollisionWalk.tenant_id == tenant_id, among(CollisionWalk.id, [one.id for one in over])
        )
    )
    return len(lot) + len(over)


async def tell_unanswered(session: Session, limit: int, *, today: date) -> int:
    """Tell, once, of claims that the other side has not answered in time."""
    found = await queries.unanswered(session, today, limit)
    for collision in found:
        collision.overdue_told = True
        fields = audit.changed(session, collision, "answer-overdue")
        event = events.answer_overdue(collision, fields)
        outbox.add(session, event, sequence=collision.version)
    return len(found)
