"""Parking: a poison event stops its own aggregate, in order, and nothing else.

The poison event and every later event of the same aggregate wait in `parked_events`. An operator
replays them, first to last, through the code that handles live events, or discards the first one.

Nothing overtakes: whoever appends to a lane (the running consumer) and whoever empties it (a
replay) takes the lane's advisory lock first and looks again under it. So a live event is either
appended before the replay finds the lane empty, or handled after the last parked one.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote_from_bytes, unquote_to_bytes
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from kehu_kernel.errors import DomainError
from kehu_kernel.plumbing import ParkedEvent
from kehu_kernel.records import Lane, Record, lane_of, printable
from kehu_kernel.session import Session

POISON, HELD, DISCARDED = "poison", "held", "discarded"
MAX_REASON = 2000

LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(lane, 0)) "
    "FROM unnest(CAST(:lanes AS text[])) AS lane"
)


class NotFirstInLane(DomainError):
    """Only the event that blocks its aggregate can be discarded."""

    code = "not-first-parked"
    status = HTTPStatus.CONFLICT
    en = "Event {id} is not the first parked event of its aggregate."
    zh = "事件 {id} 不是该对象的首个挂起事件。"


@dataclass(frozen=True, slots=True)
class ParkedLane:
    """One aggregate that waits: its first event, why it failed, and how many wait in all."""

    lane: Lane
    first_id: int
    event_id: UUID | None
    type: str | None
    reason: str
    attempts: int
    parked_at: datetime
    waiting: int


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A parked event as the record it came from."""

    id: int
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Replayed:
    """How far a replay came; `failure` is why it stopped, None if the lane is free again."""

    handled: int
    failure: str | None


class Replayer(Protocol):
    """A consumer, as far as a replay needs it."""

    @property
    def consumer(self) -> str:
        """Its name."""

    def transaction(self, lane: Lane) -> AbstractAsyncContextManager[Session]:
        """A transaction that may do what handling an event of this lane does."""

    async def handle(self, session: Session, record: Record) -> None:
        """Handle one event in the transaction, unless it was handled before; raise if it fails."""


async def lock(session: Session, consumer: str, lanes: Collection[Lane]) -> None:
    """Take the lanes' locks until the transaction ends."""
    names = sorted("/".join((consumer, *lane)) for lane in lanes)
    await session.execute(LOCK, {"lanes": names})


async def held_lanes(session: Session, consumer: str) -> set[Lane]:
    """Return the lanes that wait, of the tenants that the session may see."""
    rows = await session.execute(
        select(ParkedEvent.topic, ParkedEvent.tenant_id, ParkedEvent.key)
        .where(ParkedEvent.consumer == consumer, ParkedEvent.status != DISCARDED)
        .distinct()
    )
    return {Lane(*row) for row in rows}


async def park(
    session: Session, consumer: str, record: Record, *, reason: str | None, attempts: int = 0
) -> None:
    """Append a record to its lane: as poison with a reason, or held behind one (reason None).

    The caller has the lane's lock. A record that is parked already stays where it is.
    """
    lane = lane_of(record)
    headers = dict(record.headers)
    await session.execute(
        insert(ParkedEvent)
        .values(
            tenant_id=lane.tenant_id,
            consumer=consumer,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=lane.key,
            event_id=_uuid(headers.get("ce_id")),
            type=printable(headers.get("ce_type")) or None,
            headers=[[quote_from_bytes(n.encode()), _quote(v)] for n, v in record.headers],
            value=record.value,
            status=HELD if reason is None else POISON,
            reason=(reason or "waits for an earlier event").replace("\x00", "")[:MAX_REASON],
            attempts=attempts,
        )
        .on_conflict_do_nothing()
    )


async def list_parked(session: Session, consumer: str) -> list[ParkedLane]:
    """Return the aggregates that wait, longest waiting first."""
    lane = (ParkedEvent.topic, ParkedEvent.tenant_id, ParkedEvent.key)
    rows = await session.execute(
        select(
            *lane,
            ParkedEvent.id,
            ParkedEvent.event_id,
            ParkedEvent.type,
            ParkedEvent.reason,
            ParkedEvent.attempts,
            ParkedEvent.parked_at,
            func.count().over(partition_by=lane).label("waiting"),
        )
        .where(ParkedEvent.consumer == consumer, ParkedEvent.status != DISCARDED)
        .order_by(*lane, ParkedEvent.id)
        .ext(distinct_on(*lane))
    )
    found = [
        ParkedLane(
            lane=Lane(row.topic, row.tenant_id, row.key),
            first_id=row.id,
            event_id=row.event_id,
            type=row.type,
            reason=row.reason,
            attempts=row.attempts,
            parked_at=row.parked_at,
            waiting=row.waiting,
        )
        for row in rows
    ]
    return sorted(found, key=lambda parked: parked.first_id)


async def replay(replayer: Replayer, lane: Lane) -> Replayed:
    """Handle a lane's events in order, each in its own transaction, until one fails or none waits.

    A failing event stays first, with the new reason; those before it are done for good.
    """
    handled = 0
    while True:
        first: ParkedRecord | None = None
        try:
            async with replayer.transaction(lane) as session:
                await lock(session, replayer.consumer, [lane])
                first = await _first(session, replayer.consumer, lane)
                if first is None:
                    return Replayed(handled, None)
                await replayer.handle(session, first)
                await session.execute(delete(ParkedEvent).where(ParkedEvent.id == first.id))
        except Exception as error:
            if first is None:
                raise
            reason = describe(error)
            await _note_failure(replayer, lane, first, reason)
            return Replayed(handled, reason)
        handled += 1


async def discard(session: Session, parked_id: int, *, consumer: str, reason: str) -> Lane:
    """Give up the event that blocks a lane; the row stays as a record of who decided what.

    Later events of the aggregate keep waiting for a replay. Returns the lane. Raises
    `NotFirstInLane` if the event is unknown or waits behind another.
    """
    row = await session.get(ParkedEvent, (parked_id,))
    if row is None or row.consumer != consumer:
        raise NotFirstInLane(id=parked_id)
    lane = Lane(row.topic, row.tenant_id, row.key)
    await lock(session, consumer, [lane])
    first = await _first(session, consumer, lane)
    if first is None or first.id != parked_id:
        raise NotFirstInLane(id=parked_id)
    row.status, row.reason = DISCARDED, f"{reason} (was: {row.reason})"[:MAX_REASON]
    return lane


def describe(error: BaseException) -> str:
    """Return a failure in one line for operators."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:MAX_REASON]


async def _first(session: Session, consumer: str, lane: Lane) -> ParkedRecord | None:
    row = await session.scalar(
        select(ParkedEvent).where(*_waiting(consumer, lane)).order_by(ParkedEvent.id).limit(1)
    )
    if row is None:
        return None
    headers = [
        (unquote_to_bytes(name).decode(), None if value is None else unquote_to_bytes(value))
        for name, value in row.headers
    ]
    return ParkedRecord(
        id=row.id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        key=row.key.encode(),
        value=row.value,
        headers=headers,
    )


async def _note_failure(replayer: Replayer, lane: Lane, record: ParkedRecord, reason: str) -> None:
    async with replayer.transaction(lane) as session:
        await session.execute(
            update(ParkedEvent)
            .where(ParkedEvent.id == record.id, ParkedEvent.status != DISCARDED)
            .values(
                status=POISON,
                reason=reason.replace("\x00", ""),
                attempts=ParkedEvent.attempts + 1,
            )
        )


def _waiting(consumer: str, lane: Lane) -> tuple[Any, ...]:
    return (
        ParkedEvent.consumer == consumer,
        ParkedEvent.topic == lane.topic,
        ParkedEvent.tenant_id == lane.tenant_id,
        ParkedEvent.key == lane.key,
        ParkedEvent.status != DISCARDED,
    )


def _quote(value: bytes | None) -> str | None:
    return None if value is None else quote_from_bytes(value, safe="/:;=, ")


def _uuid(raw: bytes | None) -> UUID | None:
    try:
        return UUID(printable(raw))
    except ValueError:
        return None
