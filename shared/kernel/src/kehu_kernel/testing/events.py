"""What tests of the event path share: a database with the plumbing, events, records, a ledger.

The ledger is a table that test handlers write to: it shows what was handled, and in which order.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import text

from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope, source_of
from kehu_contracts.examples import load
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import clock, ids, outbox
from kehu_kernel.broker import DeadLetters
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.migrations import create_kernel_tables
from kehu_kernel.projection import Fold, Projection
from kehu_kernel.records import Fact, Record
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition, Step
from kehu_kernel.testing.cluster import Cluster, DatabaseUrls

Deliver = Callable[..., Awaitable[None]]

LEDGER = (
    """
    CREATE TABLE aggregates (
        tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE ledger (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant_id text NOT NULL, key text NOT NULL, sequence integer NOT NULL
    )
    """,
    """
    CREATE TABLE newest (
        tenant_id text NOT NULL, key text NOT NULL, sequence integer NOT NULL, name text NOT NULL,
        PRIMARY KEY (tenant_id, key)
    )
    """,
    "GRANT ALL ON aggregates, ledger, newest TO kehu_app, kehu_worker",
)


@dataclass(frozen=True, slots=True)
class EventDatabase:
    """A database with plumbing and ledger, entered with both roles."""

    app: Database
    worker: Database
    urls: DatabaseUrls

    async def ledger(self, tenant: str) -> list[tuple[str, int]]:
        """Return what the tenant's events did: (key, sequence) in the order of handling."""
        async with self.worker.worker_transaction() as session:
            rows = await session.execute(
                text("SELECT key, sequence FROM ledger WHERE tenant_id = :t ORDER BY position"),
                {"t": tenant},
            )
            return [(key, sequence) for key, sequence in rows]

    async def scalar(self, statement: str, **values: object) -> object:
        """Return one value, seen by the worker role."""
        async with self.worker.worker_transaction() as session:
            return await session.scalar(text(statement), values)

    async def dispose(self) -> None:
        """Close all connections."""
        await self.app.dispose()
        await self.worker.dispose()


async def create_event_database(cluster: Cluster) -> EventDatabase:
    """Create a database that only has what the event path needs."""
    urls = await cluster.create_database(f"events_{uuid4().hex[:8]}")
    statements = _Statements()
    create_kernel_tables(statements)
    connection = await asyncpg.connect(urls.owner)
    for statement in (*statements.all, *LEDGER):
        await connection.execute(statement)
    await connection.close()
    return EventDatabase(
        app=Database(urls.app, application_name="test"),
        worker=Database(urls.worker, application_name="test-worker"),
        urls=urls,
    )


@dataclass
class _Statements:
    """Collects what a migration would execute."""

    all: list[str] = field(default_factory=list)

    def execute(self, sqltext: str) -> None:
        self.all.append(sqltext)


@dataclass(frozen=True, slots=True)
class TestRecord:
    """A record as the client library would hand it over."""

    __test__ = False

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def customer_changed(customer_id: UUID, *, name: str = "Kehu") -> CustomerChanged:
    """Return a valid event about a customer."""
    example = CustomerChanged.from_bytes(load(CustomerChanged.type)[0].data)
    return example.model_copy(update={"customer_id": customer_id, "name": name})


def fact_of(event: Event, tenant: str, *, sequence: int, event_id: UUID | None = None) -> Fact:
    """Return the event as a fact of a tenant."""
    envelope = Envelope(
        id=event_id or ids.new_id(),
        type=event.type,
        source=source_of("customer"),
        time=clock.now(),
        tenant_id=tenant,
        subject=event.aggregate_id,
        sequence=sequence,
        actor="tester",
        traceparent=None,
        data=event.to_bytes(),
    )
    return Fact(event, envelope)


def record_of(
    event: Event,
    tenant: str,
    *,
    sequence: int,
    offset: int,
    partition: int = 0,
    event_id: UUID | None = None,
) -> TestRecord:
    """Return the record that would carry the event."""
    return _carrying(
        fact_of(event, tenant, sequence=sequence, event_id=event_id), offset, partition
    )


def _carrying(fact: Fact, offset: int, partition: int = 0) -> TestRecord:
    envelope = fact.envelope
    headers = envelope.headers()
    return TestRecord(CUSTOMER.name, partition, offset, envelope.key, envelope.data, headers)


def deliveries(fold: Fold, database: Database, dead_letters: DeadLetters) -> Deliver:
    """Return a function that hands facts to a projection as its subscription does, in one batch.

    The projection is a consumer that nobody else is; `database` is entered as the worker.
    """
    work = Projection(
        fold,
        consumer=f"test-{uuid4().hex[:8]}",
        database=database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
        max_attempts=1,
    )
    place = Partition(CUSTOMER.name, 0)

    async def deliver(*facts: Fact) -> None:
        first = (await work.positions({place}))[place]
        records = [_carrying(fact, first + n) for n, fact in enumerate(facts)]
        step = (await work.process({place: records}))[place]
        assert step == Step(first + len(records)), "an event was left waiting"

    return deliver


async def change(database: EventDatabase, tenant: str, customer_id: UUID) -> int:
    """Change an aggregate as a command does, in one transaction; return its new version."""
    context = Context(tenant_id=tenant, actor="tester")
    async with database.app.transaction(context) as session:
        return await change_in(session, tenant, customer_id)


async def change_in(session: Session, tenant: str, customer_id: UUID) -> int:
    """Do the same inside a transaction of the caller."""
    version: int = (
        await session.execute(
            text(
                "INSERT INTO aggregates VALUES (:t, :id, 1) ON CONFLICT (tenant_id, id) "
                "DO UPDATE SET version = aggregates.version + 1 RETURNING version"
            ),
            {"t": tenant, "id": customer_id},
        )
    ).scalar_one()
    outbox.add(session, customer_changed(customer_id, name=f"v{version}"), sequence=version)
    return version


async def note(session: Session, event: Event, envelope: Envelope) -> None:
    """Write down that an event was handled (a handler for tests)."""
    await session.execute(
        text("INSERT INTO ledger (tenant_id, key, sequence) VALUES (:t, :k, :s)"),
        {"t": envelope.tenant_id, "k": event.aggregate_id, "s": envelope.sequence},
    )


class RecordedDeadLetters(DeadLetters):
    """Remembers dead letters instead of publishing them; fails while `down`."""

    def __init__(self) -> None:
        super().__init__("nowhere:1", consumer="sales")
        self.published: list[tuple[Record, str, int]] = []
        self.down = False

    async def publish(self, record: Record, *, reason: str, attempts: int) -> None:
        """Remember the record, or fail as a broker that does not answer."""
        if self.down:
            raise ConnectionRefusedError("no broker")
        self.published.append((record, reason, attempts))
