"""The verdict: the history compared with everything that is there."""

from collections import Counter
from collections.abc import Sequence

from faults import checks, history, world
from faults.history import Operation
from faults.journeys import CONVERT
from faults.stage import Stage
from kehu_analytics.rebuild import rebuild
from kehu_analytics.testing import dump
from kehu_contracts.topics import topic_of, topics_for
from kehu_customer.consumers import HANDLERS
from kehu_customer.timeline.telling import TELLINGS
from kehu_kernel.db import Database

COPY = (
    "SELECT tenant_id, id::text, name, state, sequence FROM customer_refs WHERE tenant_id = ANY($1)"
)
ORIGINAL = (
    "SELECT tenant_id, id::text, name, state, version FROM customers WHERE tenant_id = ANY($1)"
)
FOUND = (
    "SELECT tenant_id, customer_id::text, grade, score, version FROM value_publications "
    "WHERE tenant_id = ANY($1)"
)
WRITTEN_BACK = (
    "SELECT tenant_id, id::text, value_grade, value_score, value_sequence FROM customers "
    "WHERE tenant_id = ANY($1) AND value_sequence IS NOT NULL"
)
ENTRIES = """
    SELECT tenant_id, id::text, customer_id::text
    FROM timeline_entries WHERE tenant_id = ANY($1)
"""
LISTS = (
    "/customer/v1/customers",
    "/customer/v1/contacts",
    "/sales/v1/opportunities",
    "/service-desk/v1/requests",
    "/marketing/v1/leads",
    "/analytics/v1/values",
)


async def violations(
    stage: Stage, operations: Sequence[Operation], tenants: Sequence[str]
) -> list[str]:
    """Return every way in which the system broke a promise; call it once it has settled."""
    topics = await world.read_topics(stage, tenants)
    outboxes = await world.written(stage, tenants)
    return [
        *_of_commands(operations, topics),
        *_of_events(topics, outboxes),
        *await _of_changes(stage, tenants, topics, outboxes),
        *await _of_effects(stage, tenants, topics),
        *await _of_copies(stage, tenants),
        *history.wrong_conversions(
            operations, await world.conversions(stage, tenants), asked=CONVERT
        ),
        *await _of_tenants(stage, tenants, topics),
        *await _of_projections(stage, tenants, topics),
        *await _of_timelines(stage, tenants, topics),
        *await world.parked(stage),
    ]


def _of_commands(operations: Sequence[Operation], topics: world.Topics) -> list[str]:
    return [
        *history.wrong_effects(operations, topics.published),
        *history.different_answers(operations),
        *history.forgotten_keys(operations, topics.published),
        *history.unanswered(operations),
    ]


def _of_events(topics: world.Topics, outboxes: dict[str, list[checks.Written]]) -> list[str]:
    committed = [event for outbox in outboxes.values() for event in outbox]
    return [
        *checks.lost_events(committed, topics.published),
        *checks.invented_events(committed, topics.published),
        *checks.altered_events(committed, topics.published),
        *checks.changed_bytes(topics.published),
        *checks.sequence_violations(topics.published),
    ]


async def _of_changes(
    stage: Stage,
    tenants: Sequence[str],
    topics: world.Topics,
    outboxes: dict[str, list[checks.Written]],
) -> list[str]:
    own = [
        event
        for slug in world.SOURCES
        for event in outboxes[slug]
        if not event.type.startswith("service-desk.product-file")
    ]
    versions = await world.versions(stage, tenants)
    published = {
        key: version
        for key, version in history.newest_versions(topics.published).items()
        if key in versions
    }
    return [
        *checks.changes_without_their_event(await world.audited(stage, tenants), own),
        *history.differences("newest event of", versions, published),
        *history.gaps(await world.numbers(stage, tenants)),
    ]


async def _of_effects(stage: Stage, tenants: Sequence[str], topics: world.Topics) -> list[str]:
    """The customer service handled each finding once; all others fold.

    For those see `_of_copies` and `_of_projections`.
    """
    types = {kind.type for kind in HANDLERS}
    expected = {event.event_id for event in topics.published if event.type in types}
    handled = await world.inbox(stage, "customer", tenants)
    return [f"customer: {one}" for one in checks.effects_not_once(expected, handled)]


async def _of_copies(stage: Stage, tenants: Sequence[str]) -> list[str]:
    """What other services keep of customers, and the values that come back, are the originals."""
    original = await world.keyed(stage, "customer", ORIGINAL, tenants)
    found = []
    for slug in ("sales", "service-desk", "marketing"):
        copy = await world.keyed(stage, slug, COPY, tenants)
        found += history.differences(f"customer in {slug}", original, copy)
    values = await world.keyed(stage, "analytics", FOUND, tenants)
    written_back = await world.keyed(stage, "customer", WRITTEN_BACK, tenants)
    found += history.differences("value of customer", values, written_back)
    for table, (slug, source) in world.FACTS.items():
        wanted = f"SELECT tenant_id, id::text, version FROM {source} WHERE tenant_id = ANY($1)"
        known = f"SELECT tenant_id, id::text, sequence FROM {table} WHERE tenant_id = ANY($1)"
        found += history.differences(
            f"row of {table}",
            await world.keyed(stage, slug, wanted, tenants),
            await world.keyed(stage, "analytics", known, tenants),
        )
    return found


async def _of_tenants(stage: Stage, tenants: Sequence[str], topics: world.Topics) -> list[str]:
    marks = {tenant: tenant for tenant in tenants}
    events = [(event.topic, event.tenant_id, event.value.decode()) for event in topics.published]
    return [
        *history.strangers(marks, [*await world.texts(stage, tenants), *events]),
        *history.shared_keys((event.tenant_id, event.key) for event in topics.published),
    ]


async def _of_projections(stage: Stage, tenants: Sequence[str], topics: world.Topics) -> list[str]:
    """What analytics shows is what its events say; its consumer must not run meanwhile."""
    consumed = {topic.name for topic in topics_for("analytics")}
    facts = [fact for fact in topics.facts if topic_of(fact.event).name in consumed]
    database = Database(
        stage.worker_url("analytics"), application_name="checker", statement_timeout=600
    )
    try:
        live = {tenant: await dump(database, tenant) for tenant in tenants}
        await rebuild(database, facts)
        rebuilt = {tenant: await dump(database, tenant) for tenant in tenants}
    finally:
        await database.dispose()
    return [
        f"{table} of {tenant} is not what its events say: {one}"
        for tenant in tenants
        for table, rows in live[tenant].items()
        for one in history.differences("row", *map(_counted, (rebuilt[tenant][table], rows)))
    ]


async def _of_timelines(stage: Stage, tenants: Sequence[str], topics: world.Topics) -> list[str]:
    """A timeline has one entry of each fact that is told and names a customer, and no other."""
    told = {
        (fact.envelope.tenant_id, str(fact.envelope.id)): (str(customer_id),)
        for fact in topics.facts
        if fact.envelope.type in TELLINGS
        and (customer_id := getattr(fact.event, "customer_id", None)) is not None
    }
    entries = await world.keyed(stage, "customer", ENTRIES, tenants)
    return history.differences("timeline entry", told, entries)


def _counted(rows: Sequence[str]) -> Counter[str]:
    return Counter(rows)
