"""The worker that keeps segments: after changes, after new rules, and after midnight."""

import logging
from collections.abc import Awaitable, Callable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from kehu_customer.segments import evaluation
from kehu_kernel import clock
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_kernel.session import Session

log = logging.getLogger("kehu.segments")

ACTOR = "system:segments"
CHANGE, RUN, DAY = "change", "run", "day"

# From one tenant to the next, however many changes wait of each.
WORK = """
    WITH RECURSIVE waiting AS (
        (SELECT tenant_id FROM segment_changes ORDER BY tenant_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT tenant_id FROM segment_changes AS next
            WHERE next.tenant_id > waiting.tenant_id ORDER BY tenant_id LIMIT 1
        ) FROM waiting WHERE waiting.tenant_id IS NOT NULL
    )
    SELECT 'change' AS kind, tenant_id, NULL::uuid AS segment_id FROM waiting
    WHERE tenant_id IS NOT NULL
    UNION ALL
    SELECT 'run', tenant_id, segment_id FROM segment_runs WHERE NOT complete
    UNION ALL
    SELECT 'day', tenant_id, segment_id FROM segment_runs
    WHERE complete AND daily AND settled_on < $1
"""

POSTPONE = """
    UPDATE segment_changes SET at = now()
    WHERE (tenant_id, subject_id) = (
        SELECT tenant_id, subject_id FROM segment_changes WHERE tenant_id = $1
        ORDER BY at LIMIT 1
    )
"""
"""Lets the change that cannot be settled wait behind all others of its tenant."""


class Due(NamedTuple):
    """Something to do: changes of a tenant, or a segment whose rule or day is new."""

    kind: str
    tenant_id: str
    segment_id: UUID


class Sizes(NamedTuple):
    """How many customers are settled in one transaction."""

    changed: int
    """After changes: many rules are asked of each."""
    looked_at: int
    """For a new rule: one is."""


class SegmentWork:
    """Settles the segments of all tenants. `wake_relay` is called after a commit.

    It may die anywhere: what was not committed is settled again, and nobody enters twice.
    """

    def __init__(
        self,
        databases: Databases,
        zone: str,
        wake_relay: Callable[[], None],
        *,
        sizes: Sizes,
    ) -> None:
        self._databases = databases
        self._zone = zone
        self._wake_relay = wake_relay
        self._sizes = sizes
        self._lots: dict[str, int] = {}
        """Of tenants whose changes failed, how many are tried at once."""

    async def work(self) -> int:
        """Do one batch of all there is to do; return how much was done. Changes come first."""
        today = clock.today(clock.now(), self._zone)
        async with self._databases.worker.worker_transaction() as session:
            found = await session.fetch(WORK, today)
        return sum([await self._do(Due(*one), today) for one in found])

    async def _do(self, due: Due, today: date) -> int:
        """Do a batch; one that cannot be done now waits for a later round."""
        sizes = self._sizes
        lot = self._lots.get(due.tenant_id, sizes.changed)
        steps: dict[str, Callable[[Session], Awaitable[int]]] = {
            CHANGE: lambda session: evaluation.settle_changes(
                session, today=today, zone=self._zone, limit=lot
            ),
            RUN: lambda session: evaluation.go_on_with_run(
                session, due.segment_id, today=today, limit=sizes.looked_at
            ),
            DAY: lambda session: evaluation.note_new_day(session, due.segment_id, today=today),
        }
        context = Context(tenant_id=due.tenant_id, actor=ACTOR)
        try:
            async with self._databases.app.transaction(context) as session:
                done = await steps[due.kind](session)
        except Exception as error:
            known = {"tenant": due.tenant_id, "kind": due.kind, "segment": str(due.segment_id)}
            log.warning("segments wait", extra=known | {"error": repr(error)})
            if due.kind == CHANGE:
                await self._try_fewer(due.tenant_id, lot)
            return 0
        if due.kind == CHANGE:
            self._lots.pop(due.tenant_id, None)
        if done:
            self._wake_relay()
        return done

    async def _try_fewer(self, tenant_id: str, lot: int) -> None:
        """Halve the lot until the change at fault stands alone; then let the others go first."""
        self._lots[tenant_id] = max(1, lot // 2)
        if lot == 1:
            async with self._databases.worker.worker_transaction() as session:
                await session.fetch(POSTPONE, tenant_id)
