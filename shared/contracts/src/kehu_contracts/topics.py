"""The registry of topics: who publishes what, and who listens.

Topics are created from it, AsyncAPI is generated from it, and tests hold the services to it.
"""

from dataclasses import dataclass

from kehu_contracts import analytics, customer, marketing, sales, service_desk
from kehu_contracts.base import Event

SERVICES = ("customer", "sales", "service-desk", "marketing", "analytics")
"""Slugs of the services: producers, and first part of event types and scopes."""

TIMELINE = "timeline"
SEGMENTS = "segments"
SEARCH = "search"
DELIVERIES = "deliveries"
CONSUMERS = {
    **{service: service for service in SERVICES},
    TIMELINE: "customer",
    SEGMENTS: "customer",
    SEARCH: "customer",
    DELIVERIES: "service-desk",
}
"""Consumers, and the service each runs in: each has its own offsets and dead letters.

The timeline keeps apart from what the customer service does about findings of analytics, so that
neither waits for the other; and it follows the customer service's own facts as well. So do the
segments, and search, which learns from them whose words to look at again. Deliveries make product
files in the service desk.
"""

DLQ_PARTITIONS = 1
DLQ_RETENTION_DAYS = 30


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic, with the events of one producer."""

    name: str
    producer: str
    consumers: tuple[str, ...]
    events: tuple[type[Event], ...]
    description: str
    partitions: int = 6
    retention_days: int = 7


CUSTOMER = Topic(
    name="kehu-customer-events",
    producer="customer",
    consumers=("sales", "service-desk", "marketing", "analytics", TIMELINE, SEGMENTS, SEARCH),
    events=customer.EVENTS,
    description="Facts about customers, contacts and the company's own directory.",
)
SALES = Topic(
    name="kehu-sales-events",
    producer="sales",
    consumers=("customer", "analytics", TIMELINE, SEGMENTS, DELIVERIES),
    events=sales.EVENTS,
    description="Facts about products, prices, methods, opportunities, activities, tasks, quotes, "
    "contracts, approvals, projects and deliveries.",
)
SERVICE_DESK = Topic(
    name="kehu-service-desk-events",
    producer="service-desk",
    consumers=("customer", "analytics", TIMELINE, SEGMENTS),
    events=service_desk.EVENTS,
    description="Facts about product files and service requests.",
)
MARKETING = Topic(
    name="kehu-marketing-events",
    producer="marketing",
    consumers=("customer", "analytics", TIMELINE, SEGMENTS),
    events=marketing.EVENTS,
    description="Facts about leads.",
)
ANALYTICS = Topic(
    name="kehu-analytics-events",
    producer="analytics",
    consumers=("customer",),
    events=analytics.EVENTS,
    description="What analytics found out about customers.",
)

TOPICS = (CUSTOMER, SALES, SERVICE_DESK, MARKETING, ANALYTICS)

_TOPIC_OF = {event: topic for topic in TOPICS for event in topic.events}


def topic_of(event: Event | type[Event]) -> Topic:
    """The topic an event is published on; raises `LookupError` for a class that is in none."""
    event_class = event if isinstance(event, type) else type(event)
    try:
        return _TOPIC_OF[event_class]
    except KeyError:
        msg = f"{event_class.__name__} is in no topic: add it to the EVENTS of its module."
        raise LookupError(msg) from None


def topics_for(consumer: str) -> tuple[Topic, ...]:
    """The topics a consumer listens to."""
    return tuple(topic for topic in TOPICS if consumer in topic.consumers)


def consumers_in(service: str) -> list[str]:
    """The consumers that run in a service."""
    return [consumer for consumer, runs_in in CONSUMERS.items() if runs_in == service]


def dlq_name(topic: Topic | str, consumer: str) -> str:
    """The dead letter topic of one consumer of one topic."""
    name = topic if isinstance(topic, str) else topic.name
    return f"{name}-{consumer}-dlq"
