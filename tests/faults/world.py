"""What is really there: the databases and the topics, read past the services."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from faults.checks import Published, Written
from faults.history import Converted
from faults.stage import Stage
from kehu_contracts.topics import CONSUMERS, SERVICES, TOPICS, topics_for
from kehu_kernel.records import Fact, understand

SOURCES = ("customer", "sales", "service-desk", "marketing")
"""Services whose events tell of changes of their own; those of analytics tell of findings."""
LOOK_SECONDS = 10.0

COLUMNS = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = $1 ORDER BY table_name
"""
OUTBOX = (
    "SELECT topic, key, tenant_id, event_id, type, sequence, payload AS value FROM outbox "
    "WHERE tenant_id = ANY($1) ORDER BY id"
)
AUDIT = (
    "SELECT tenant_id, entity_id::text, version FROM audit_log "
    "WHERE tenant_id = ANY($1) AND entity <> 'product-file'"  # drafts have no events
)
CONVERSIONS = """
    SELECT c.tenant_id, c.lead_id::text AS lead, c.state, l.customer_id::text AS customer,
        l.contact_id::text AS contact, l.opportunity_id::text AS opportunity
    FROM conversions AS c JOIN leads AS l ON (l.tenant_id, l.id) = (c.tenant_id, c.lead_id)
    WHERE c.tenant_id = ANY($1)
"""
FACTS = {
    "customer_facts": ("customer", "customers"),
    "employee_facts": ("customer", "employees"),
    "department_facts": ("customer", "departments"),
    "opportunity_facts": ("sales", "opportunities"),
    "request_facts": ("service-desk", "requests"),
    "lead_facts": ("marketing", "leads"),
}
"""Tables of analytics, and the table each of them follows."""


@dataclass
class Topics:
    """All records of all topics, of the tenants that were asked for."""

    published: list[Published]
    facts: list[Fact]


@contextlib.asynccontextmanager
async def database(stage: Stage, slug: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees everything."""
    connection = await asyncpg.connect(stage.url(slug), timeout=LOOK_SECONDS)
    try:
        yield connection
    finally:
        await connection.close()


async def rows(stage: Stage, slug: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
    """Return what a query finds in a service's database."""
    async with database(stage, slug) as connection:
        found: list[asyncpg.Record] = await connection.fetch(query, *arguments)
    return found


async def unfinished(stage: Stage) -> list[str]:
    """Return what is still on its way: events, consumers, conversions."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return [*await _unsent(stage), *await _behind(stage)]
    except Exception as error:
        return [f"cannot look: {error!r}"]


async def _unsent(stage: Stage) -> list[str]:
    found = []
    for slug in SERVICES:
        async with database(stage, slug) as connection:
            unsent = await connection.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL")
            if unsent:
                found.append(f"{unsent} events of {slug} are not sent")
            if slug == "marketing":
                open_ = await connection.fetchval(
                    "SELECT count(*) FROM conversions WHERE state NOT IN ('completed', 'failed')"
                )
                if open_:
                    found.append(f"{open_} conversions are under way")
    return found


async def _behind(stage: Stage) -> list[str]:
    """Return consumers that have not committed the end of their topics."""
    bootstrap = stage.config.kafka_bootstrap
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await reader.start()
        await admin.start()
        ends = await _ends(reader)
        found = []
        for consumer in CONSUMERS:
            offsets = await admin.list_consumer_group_offsets(f"kehu-{consumer}")
            names = {topic.name for topic in topics_for(consumer)}
            behind = sum(
                end - (offsets[place].offset if place in offsets else 0)
                for place, end in ends.items()
                if place.topic in names
            )
            if behind:
                found.append(f"{consumer} is {behind} records behind")
        return found
    finally:
        await reader.stop()
        await admin.close()


async def _ends(reader: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    places = [
        TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)
    ]
    ends: dict[TopicPartition, int] = await reader.end_offsets(places)
    return ends


async def read_topics(stage: Stage, tenants: Sequence[str]) -> Topics:
    """Read every topic from its beginning to its end."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=stage.config.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await reader.start()
    topics = Topics([], [])
    try:
        ends = await _ends(reader)
        reader.assign(list(ends))
        await reader.seek_to_beginning()
        while any([await reader.position(place) < end for place, end in ends.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                for record in records:
                    _keep(topics, record, tenants)
    finally:
        await reader.stop()
    return topics


def _keep(topics: Topics, record: Any, tenants: Sequence[str]) -> None:
    event = Published.of(record)
    if event.tenant_id not in tenants:
        return
    topics.published.append(event)
    fact = understand(record)
    if fact is not None:
        topics.facts.append(fact)


async def written(stage: Stage, tenants: Sequence[str]) -> dict[str, list[Written]]:
    """Return the outbox of every service."""
    return {
        slug: [Written(**row) for row in await rows(stage, slug, OUTBOX, tenants)]
        for slug in SERVICES
    }


async def audited(stage: Stage, tenants: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return every recorded change (tenant, id, version) of whatever publishes its changes."""
    return [tuple(row) for slug in SOURCES for row in await rows(stage, slug, AUDIT, tenants)]


async def versions(stage: Stage, tenants: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return the version of every object that publishes its changes."""
    found: dict[tuple[str, str], int] = {}
    for slug in SOURCES:
        for table in await _tables(stage, slug, "version"):
            if table in ("audit_log", "product_files", "request_steps", "import_claims"):
                continue
            query = f"SELECT tenant_id, id::text, version FROM {table} WHERE tenant_id = ANY($1)"
            found |= {(row[0], row[1]): row[2] for row in await rows(stage, slug, query, tenants)}
    return found


async def _tables(stage: Stage, slug: str, column: str) -> list[str]:
    return [row[0] for row in await rows(stage, slug, COLUMNS, column)]


async def inbox(stage: Stage, consumer: str, tenants: Sequence[str]) -> list[UUID]:
    """Return the events that a consumer has handled."""
    query = "SELECT event_id FROM inbox WHERE tenant_id = ANY($1) AND consumer = $2"
    return [UUID(str(row[0])) for row in await rows(stage, consumer, query, tenants, consumer)]


async def parked(stage: Stage) -> list[str]:
    """Return the events that wait for an operator, of any tenant."""
    return [
        f"parked by {slug}: {row['type']} {row['key']}: {row['reason']}"
        for slug in SERVICES
        for row in await rows(stage, slug, "SELECT type, key, reason FROM parked_events")
    ]


async def keyed(
    stage: Stage, slug: str, query: str, tenants: Sequence[str]
) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return rows by their first two columns, tenant and id."""
    return {(row[0], row[1]): tuple(row[2:]) for row in await rows(stage, slug, query, tenants)}


async def conversions(stage: Stage, tenants: Sequence[str]) -> list[Converted]:
    """Return what became of every lead that was to be converted."""
    made: dict[str, Mapping[str, list[str]]] = {}
    for slug, table in (
        ("customer", "customers"),
        ("customer", "contacts"),
        ("sales", "opportunities"),
    ):
        query = (
            f"SELECT external_ref, array_agg(id::text) FROM {table} WHERE tenant_id = ANY($1) "
            "AND external_ref IS NOT NULL GROUP BY tenant_id, external_ref"
        )
        made[table] = {row[0]: row[1] for row in await rows(stage, slug, query, tenants)}
    return [
        Converted(
            row["tenant_id"],
            row["lead"],
            row["state"],
            (row["customer"], row["contact"], row["opportunity"]),
            tuple(tuple(made[table].get(f"lead:{row['lead']}", ())) for table in made),
        )
        for row in await rows(stage, "marketing", CONVERSIONS, tenants)
    ]


async def texts(stage: Stage, tenants: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return every row of every table as (where, tenant, text)."""
    return [
        (f"{slug}.{table}", row[0], row[1])
        for slug in SERVICES
        for table in await _tables(stage, slug, "tenant_id")
        for row in await rows(
            stage,
            slug,
            f"SELECT tenant_id, to_jsonb(t)::text FROM {table} AS t WHERE tenant_id = ANY($1)",
            tenants,
        )
    ]


REPEATED = {"opportunity_terms"}
"""Tables that say a document's number once more, to order by it."""


async def numbers(stage: Stage, tenants: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """Return the document numbers that were given, by tenant and series."""
    found: dict[tuple[str, str], list[int]] = {}
    for slug in SOURCES:
        for table in set(await _tables(stage, slug, "number")) - REPEATED:
            query = (
                f"SELECT tenant_id, number::text FROM {table} WHERE tenant_id = ANY($1) "
                "AND pg_typeof(number) = 'text'::regtype"  # not the numbers of rows and seals
            )
            for tenant, text in await rows(stage, slug, query, tenants):
                series, _, number = text.rpartition("-")
                found.setdefault((tenant, series), []).append(int(number))
    return found
