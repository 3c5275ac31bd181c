"""Erasing a person from a service: the order is kept, carried out by a worker, acknowledged.

The order only enters the ids into `erased_subjects`: from its commit on the triggers of
`kehu_kernel.erasure_schema` let no personal value in. The worker waits until every transaction that
began before has ended, blanks what there is, cleans the plumbing, and acknowledges. It may die
between any two steps: each is done again without harm.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from prometheus_client import Gauge
from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.erasure import ErasureOrdered
from kehu_kernel.columns import PlumbingBase
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.erasure_schema import IDS, OURS, Personal, blanking
from kehu_kernel.records import Fact
from kehu_kernel.rounds import Rounds
from kehu_kernel.session import Session

log = logging.getLogger("kehu.erasure")

OPEN = Gauge("kehu_erasures_open", "Erasures this service has not carried out.", ["service"])
OLDEST = Gauge("kehu_erasures_oldest_open_seconds", "Age of the oldest of them.", ["service"])


class Acknowledge(Protocol):
    """Tells that an erasure is carried out here, in the transaction that ends it."""

    async def __call__(self, session: Session, *, erasure_id: UUID, counts: dict[str, int]) -> None:
        """Tell which one, and how many rows of each table were blanked."""


class ErasedSubject(PlumbingBase):
    """The id of an erased person, or of a record that belongs to one. It stays for ever."""

    __tablename__ = "erased_subjects"
    __table_args__ = (Index("ix_erased_subjects_erasure", "tenant_id", "erasure_id"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    erasure_id: Mapped[UUID]


class KeptOrder(PlumbingBase):
    """An erasure as far as this service has come: `counts` once its tables are blanked."""

    __tablename__ = "erasure_orders"
    __table_args__ = (
        Index(
            "ix_erasure_orders_open",
            "ordered_at",
            postgresql_where=text("acknowledged_at IS NULL"),
        ),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(primary_key=True)
    ordered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    horizon: Mapped[int | None] = mapped_column(BigInteger)
    """A transaction that began when the order was committed: later ones know of it."""
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    acknowledged_at: Mapped[datetime | None]


KEEP_ORDERS = """
    INSERT INTO erasure_orders (tenant_id, erasure_id)
    SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING
"""
KEEP_SUBJECTS = """
    INSERT INTO erased_subjects (tenant_id, erasure_id, subject_id)
    SELECT DISTINCT ON (tenant_id, subject_id) *
    FROM unnest($1::text[], $2::uuid[], $3::uuid[]) AS new (tenant_id, erasure_id, subject_id)
    ORDER BY tenant_id, subject_id ON CONFLICT DO NOTHING
"""
# Whoever began before an order was committed may not know of it, and write a name yet: all of them
# have to be over.
SEEN = """
    UPDATE erasure_orders SET horizon = pg_current_xact_id()::text::bigint
    WHERE acknowledged_at IS NULL AND horizon IS NULL
"""
SETTLED = """
    SELECT tenant_id, erasure_id, counts FROM erasure_orders
    WHERE acknowledged_at IS NULL
        AND horizon < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY ordered_at LIMIT 100
"""
MEASURE = """
    SELECT count(*), coalesce(extract(epoch FROM now() - min(ordered_at)), 0)
    FROM erasure_orders WHERE acknowledged_at IS NULL
"""
TAKE = """
    SELECT counts FROM erasure_orders
    WHERE tenant_id = $1 AND erasure_id = $2 AND acknowledged_at IS NULL
    FOR UPDATE SKIP LOCKED
"""
BLANKED = (
    "UPDATE erasure_orders SET counts = $3::text::jsonb WHERE tenant_id = $1 AND erasure_id = $2"
)
DONE = "UPDATE erasure_orders SET acknowledged_at = now() WHERE tenant_id = $1 AND erasure_id = $2"
UNSENT = f"""
    SELECT 1 FROM outbox
    WHERE tenant_id = $1 AND sent_at IS NULL AND key = ANY ({IDS}) LIMIT 1
"""  # noqa: S608 - our own names
PLUMBING = {
    "outbox": f"""
        DELETE FROM outbox
        WHERE tenant_id = $1 AND sent_at IS NOT NULL AND key = ANY ({IDS}) RETURNING 1""",  # noqa: S608
    "parked_events": f"""
        UPDATE parked_events SET value = NULL, status = 'discarded', reason = 'erased'
        WHERE tenant_id = $1 AND value IS NOT NULL AND EXISTS (
            SELECT FROM unnest({IDS}) AS one
            WHERE key = one OR position(convert_to(one, 'UTF8') IN value) > 0
        ) RETURNING 1""",  # noqa: S608
    "audit_log": f"""
        UPDATE audit_log SET changes = changes
        WHERE tenant_id = $1 AND digest IS NULL
            AND (entity_id = ANY ({OURS}) OR id = ANY ({OURS})) RETURNING 1""",  # noqa: S608
}
LAST_ANSWER = """
    SELECT actor, key FROM (
        SELECT actor, key FROM idempotency_keys
        WHERE tenant_id = $1 AND (actor, key) > ($2, $3) ORDER BY actor, key LIMIT $4
    ) AS batch ORDER BY actor DESC, key DESC LIMIT 1
"""
ANSWERS = f"""
    UPDATE idempotency_keys SET body = '{{}}'
    WHERE tenant_id = $1 AND (actor, key) > ($3, $4) AND (actor, key) <= ($5, $6) AND EXISTS (
        SELECT FROM unnest({IDS}) AS one WHERE position(convert_to(one, 'UTF8') IN body) > 0
    ) RETURNING 1
"""  # noqa: S608
ANSWERS_AT_ONCE = 1000
"""Answers kept for repeated requests hold names too: the key stays, so that nothing is made twice.
They are read from end to end, as nothing says whom an answer names, so many in one statement.
Parked events of an erased person are discarded, with their figures: see docs/operations.md."""


async def keep_order(session: Session, erasure_id: UUID, subject_ids: Iterable[UUID]) -> None:
    """Let no personal value of these persons in any more, from the commit on."""
    await _keep(session, [(session.context.tenant_id, erasure_id, one) for one in subject_ids])


async def record_orders(session: Session, facts: Iterable[Fact]) -> None:
    """Keep the orders among the events of a batch. `session` is the worker's."""
    await _keep(
        session,
        [
            (envelope.tenant_id, event.erasure_id, subject_id)
            for event, envelope in facts
            if isinstance(event, ErasureOrdered)
            for subject_id in event.subject_ids
        ],
    )


async def _keep(session: Session, rows: Sequence[tuple[str, UUID, UUID]]) -> None:
    if rows:
        tenants, erasures, subjects = zip(*sorted(rows), strict=True)
        await session.fetch(KEEP_ORDERS, tenants, erasures)
        await session.fetch(KEEP_SUBJECTS, tenants, erasures, subjects)


class ErasureWork:
    """Carries out the erasures of all tenants, entering as the worker role.

    `tables` is what the service forgets, parents before children; queries `before` and `after` that
    enter or blank what only they can find.
    """

    def __init__(
        self,
        worker: Database,
        wake_relay: Callable[[], None],
        *,
        service: str,
        tables: Sequence[Personal],
        acknowledge: Acknowledge,
        before: Sequence[str] = (),
        after: Sequence[str] = (),
    ) -> None:
        self._worker = worker
        self._wake_relay = wake_relay
        self._service = service
        self._tables = tables
        self._acknowledge = acknowledge
        self._before, self._after = before, after

    def rounds(self, poll_interval: float) -> Rounds:
        """Return the worker that looks for orders, every so many seconds."""
        return Rounds("erasures", self.work, poll_interval=poll_interval)

    def statements(self) -> Iterator[tuple[str | None, str]]:
        """Return what blanks the tables in its order, with the table whose rows are counted."""
        yield from ((None, statement) for statement in self._before)
        for personal in self._tables:
            yield from ((personal.table, statement) for statement in blanking(personal))
        yield from ((None, statement) for statement in self._after)

    async def work(self) -> int:
        """Take every order a step on; return how many went on."""
        async with self._worker.worker_transaction() as session:
            ((number, age),) = await session.fetch(MEASURE)
            await session.fetch(SEEN)
        async with self._worker.worker_transaction() as session:
            due = await session.fetch(SETTLED)
        OPEN.labels(self._service).set(number)
        OLDEST.labels(self._service).set(float(age))
        return sum([await self._go_on(tenant_id, erasure_id) for tenant_id, erasure_id, _ in due])

    async def _go_on(self, tenant_id: str, erasure_id: UUID) -> int:
        context = Context(tenant_id=tenant_id, actor="system:erasure", request_id=str(erasure_id))
        try:
            async with self._worker.transaction(context) as session:
                taken = await session.fetch(TAKE, tenant_id, erasure_id)
                if not taken:
                    return 0
                if taken[0]["counts"] is None:
                    await self._blank(session, erasure_id)
                elif not await self._end(session, erasure_id, taken[0]["counts"]):
                    return 0
        except Exception as error:
            known = {"tenant": tenant_id, "erasure": str(erasure_id)}
            log.warning("erasure waits", extra=known, exc_info=error)
            return 0
        self._wake_relay()
        return 1

    async def _blank(self, session: Session, erasure_id: UUID) -> None:
        """Blank the tables, parents first: their triggers enter the children's owners."""
        tenant_id, counts = session.context.tenant_id, Counter[str]()
        for table, statement in self.statements():
            hit = await session.fetch(statement, tenant_id, erasure_id)
            if table is not None:
                counts[table] += len(hit)
        told = orjson.dumps({table: count for table, count in counts.items() if count}).decode()
        await session.fetch(BLANKED, tenant_id, erasure_id, told)

    async def _end(self, session: Session, erasure_id: UUID, blanked: Any) -> bool:
        """Clean the plumbing and acknowledge, unless events wait to be published."""
        tenant_id = session.context.tenant_id
        if await session.fetch(UNSENT, tenant_id, erasure_id):
            return False
        counts: dict[str, int] = dict(blanked)
        for table, statement in PLUMBING.items():
            hit = await session.fetch(statement, tenant_id, erasure_id)
            if hit:
                counts[table] = len(hit)
        answers = await _clean_answers(session, erasure_id)
        if answers:
            counts["idempotency_keys"] = answers
        await self._acknowledge(session, erasure_id=erasure_id, counts=counts)
        await session.fetch(DONE, tenant_id, erasure_id)
        return True


async def _clean_answers(session: Session, erasure_id: UUID) -> int:
    """Blank the stored answers that name the person, batch by batch; return how many."""
    tenant_id, count, after = session.context.tenant_id, 0, ("", "")
    while last := await session.fetch(LAST_ANSWER, tenant_id, *after, ANSWERS_AT_ONCE):
        actor, key = last[0]
        count += len(await session.fetch(ANSWERS, tenant_id, erasure_id, *after, actor, key))
        after = (actor, key)
    return count
