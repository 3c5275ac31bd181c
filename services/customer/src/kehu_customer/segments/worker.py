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

# Changes of one tenant cannot hide those of the others for long: the oldest come first.
WORK = """
    SELECT 'change' AS kind, tenant_id, NULL::uuid AS segment_id FROM (
        SELECT tenant_id FROM segment_changes ORDER BY at LIMIT 1000
    ) AS oldest GROUP BY tenant_id
    UNION ALL
    SELECT 'run', tenant_id, segment_id FROM segment_runs WHERE NOT complete
    UNION ALL
    SELECT 'day', tenant_id, segment_id FROM segment_runs
    WHERE complete AND daily AND settled_on < $1
"""


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

    async def work(self) -> int:
        """Do one batch of all there is to do; return how much was done. Changes come first."""
        today = clock.today(clock.now(), self._zone)
        async with self._databases.worker.worker_transaction() as session:
            found = await session.fetch(WORK, today)
        return sum([await self._do(Due(*one), today) for one in found])

    async def _do(self, due: Due, today: date) -> int:
        """Do a batch; one that cannot be done now waits for a later round."""
        sizes = self._sizes
        steps: dict[str, Callable[[Session], Awaitable[int]]] = {
            CHANGE: lambda session: evaluation.settle_changes(
                session, today=today, limit=sizes.changed
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
            return 0
        if done:
            self._wake_relay()
        return done
