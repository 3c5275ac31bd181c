"""The registry of events by type, for whoever reads records."""

from typing import Final

from kehu_contracts.base import Event
from kehu_contracts.topics import TOPICS

__all__ = ["EVENTS", "Event", "event_class", "known_entity_fact"]

EVENTS: Final[dict[str, type[Event]]] = {
    event.type: event for topic in TOPICS for event in topic.events
}
"""Every event of every topic, by type."""

_NAMES = frozenset(event_type.rpartition(".")[0] for event_type in EVENTS)


def event_class(event_type: str) -> type[Event] | None:
    """The class of a type, or `None` for a type or version nobody here knows."""
    return EVENTS.get(event_type)


def known_entity_fact(event_type: str) -> bool:
    """Whether the name is known but not in this version.

    A newer producer sends it: the consumer must not drop it as it may drop a foreign type.
    """
    return event_type not in EVENTS and event_type.rpartition(".")[0] in _NAMES
