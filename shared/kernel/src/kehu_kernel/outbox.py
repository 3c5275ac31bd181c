"""The producing end: an event is written in the same transaction as the change it tells of.

Never send to Kafka from a command: the relay publishes what was committed, in order, at least once.
"""

from kehu_contracts.base import Event
from kehu_contracts.topics import topic_of
from kehu_kernel import ids
from kehu_kernel.errors import EventTooLarge
from kehu_kernel.session import Session

MAX_EVENT_BYTES = 512 * 1024
"""Half of what brokers accept by default, so that headers always fit as well."""


def add(session: Session, event: Event, *, sequence: int) -> None:
    """Publish `event` if, and only if, this transaction commits.

    `sequence` is the version of the aggregate after the change. Lock the aggregate (or let its
    version check decide) before adding events: then their ids follow the order of commits.
    Does no input or output. Raises `EventTooLarge` for more than `MAX_EVENT_BYTES`, `KeyError` for
    an event that belongs to no topic, and `LookupError` if the session acts for all tenants.
    """
    payload = event.to_bytes()
    if len(payload) > MAX_EVENT_BYTES:
        raise EventTooLarge(size=len(payload), limit=MAX_EVENT_BYTES)
    topic = topic_of(event).name
    session.journal.events.append(
        (ids.new_id(), topic, event.aggregate_id, event.type, sequence, payload)
    )
