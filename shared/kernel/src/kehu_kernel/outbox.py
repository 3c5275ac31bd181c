"""The producing end: an event is written in the same transaction as the change it tells of.

Never send to Kafka from a command: the relay publishes what was committed, in order, at least once.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from kehu_contracts.base import Event
from kehu_contracts.topics import topic_of
from kehu_kernel import ids
from kehu_kernel.context import context_of
from kehu_kernel.errors import EventTooLarge
from kehu_kernel.plumbing import OutboxMessage

MAX_EVENT_BYTES = 512 * 1024
"""Half of what brokers accept by default, so that headers always fit as well."""


def add(session: AsyncSession, event: Event, *, sequence: int) -> None:
    """Publish `event` if, and only if, this transaction commits.

    `sequence` is the version of the aggregate after the change. Lock the aggregate (or let its
    version check decide) before adding events: then their ids follow the order of commits.
    Does no input or output. Raises `EventTooLarge` for more than `MAX_EVENT_BYTES`, and `KeyError`
    for an event that belongs to no topic or a session that has no context.
    """
    context = context_of(session)
    payload = event.to_bytes()
    if len(payload) > MAX_EVENT_BYTES:
        raise EventTooLarge(size=len(payload), limit=MAX_EVENT_BYTES)
    session.add(
        OutboxMessage(
            tenant_id=context.tenant_id,
            event_id=ids.new_id(),
            topic=topic_of(event).name,
            key=event.aggregate_id,
            type=event.type,
            sequence=sequence,
            occurred_at=context.now,
            actor=context.actor,
            traceparent=context.traceparent,
            payload=payload,
        )
    )
