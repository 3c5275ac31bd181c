"""The storm over the event path: everything real, everybody mortal, and then the books are checked.

Ten writers change a few hot aggregates; some commit slowly, some give up. Two relays publish, a
consumer notes each event, a projector counts them. Relays, consumer and projector die at the worst
moments and are started again; the broker refuses events at times; another member of the group takes
partitions over unnoticed. When it is over and all has settled, every promise must have held.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from faults import checks
from faults.checks import Published, Written
from faults.planted.fate import Fate, MortalDatabase, keep_running, mortal_producer
from faults.topics import end_offsets, handled_up_to, read_topic
from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope
from kehu_kernel import broker, relay, subscription
from kehu_kernel.broker import DeadLetters
from kehu_kernel.consumer import consume
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.projection import Projection
from kehu_kernel.records import Fact, Record
from kehu_kernel.relay import Relay
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition, Step, Subscription
from kehu_kernel.testing.events import EventDatabase, change_in, note

TOPIC = "kehu-customer-events"
WRITERS, AGGREGATES, CHANGES = 10, 8, 50
PAUSE = 0.05
"""Seconds a writer rests at most: the others shall come along, and die while there is work."""

SETTLED_WITHIN = 240.0
"""Seconds; a few on a machine that is not busy."""

UNSENT = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
TABLES = """
    CREATE TABLE counts (
        tenant_id text, key text, sequence integer, changes integer, PRIMARY KEY (tenant_id, key)
    );
    CREATE TABLE folded (event_id uuid);
    GRANT ALL ON counts, folded TO kehu_worker;
    CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF random() < 0.15 THEN PERFORM pg_sleep(random() * 0.1); END IF; RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION commit_slowly()
"""
"""Deferred, so that it delays the commit itself, however the row was written."""

COUNT = (
    "INSERT INTO counts VALUES (:t, :k, :s, 1) ON CONFLICT (tenant_id, key) DO UPDATE "
    "SET sequence = excluded.sequence, changes = counts.changes + 1"
)
GUARD = " WHERE counts.sequence < excluded.sequence"


class Commands:
    """How the storm's writers change an aggregate: as a command does."""

    async def change(self, session: Session, tenant: str, customer: UUID) -> None:
        """Change it and tell of it, in the transaction of the session."""
        await change_in(session, tenant, customer)


class Counting:
    """The fold of the storm's projection: counts the changes of each aggregate."""

    guard = GUARD

    async def fold(self, session: Session, facts: Sequence[Fact]) -> None:
        """Count each event once, and note every fold."""
        for _, envelope in facts:
            values = {"t": envelope.tenant_id, "k": envelope.subject, "s": envelope.sequence}
            await session.execute(text(COUNT + self.guard), values)
            await session.execute(text("INSERT INTO folded VALUES (:id)"), {"id": envelope.id})


class Haunted(Projection):
    """A projection whose partitions another member takes over now and then, unnoticed."""

    def __init__(self, fate: Fate, other: Database, **parts: Any) -> None:
        super().__init__(**parts)
        self._fate, self._parts = fate, parts | {"database": other}

    async def process(
        self, batch: Mapping[Partition, Sequence[Record]]
    ) -> Mapping[Partition, Step]:
        """Fold a batch, which the other member may have folded already."""
        if self._fate.strikes("partition taken over unnoticed", every=2, at_most=6):
            other = Projection(**self._parts)
            await other.positions(batch.keys())
            await other.process(batch)
        return await super().process(batch)


@dataclass
class Books:
    """What is found everywhere when the storm is over."""

    changes: list[tuple[str, str, int]]
    outbox: list[Written]
    published: list[Published]
    noted: list[tuple[str, int]]
    counts: list[tuple[str, int]]
    folded: list[UUID]

    def violations(self) -> list[str]:
        """Return every broken promise."""
        events = [(one.key, one.sequence) for one in self.outbox]
        newest = dict(sorted(events))
        return [
            *checks.changes_without_their_event(self.changes, self.outbox),
            *checks.lost_events(self.outbox, self.published),
            *checks.invented_events(self.outbox, self.published),
            *checks.altered_events(self.outbox, self.published),
            *checks.sequence_violations(self.published),
            *checks.changed_bytes(self.published),
            *_named("handler", checks.effects_not_once(events, self.noted)),
            *_named("handler", checks.out_of_order(self.noted)),
            *_named("projection", checks.effects_not_once(newest.items(), self.counts)),
            *_named(
                "fold",
                checks.effects_not_once(
                    _numbered(one.event_id for one in self.published), _numbered(self.folded)
                ),
            ),
        ]


def _named(who: str, violations: Iterable[str]) -> list[str]:
    return [f"{who}: {one}" for one in violations]


def _numbered(ids: Iterable[UUID]) -> list[tuple[UUID, int]]:
    """Tell the repetitions of an id apart."""
    seen: dict[UUID, Any] = {}
    return [(one, next(seen.setdefault(one, count(1)))) for one in ids]


@dataclass
class Storm:
    """One storm, in a database of its own."""

    events: EventDatabase
    bootstrap: str
    tenant: str
    seed: int
    commands: Commands = field(default_factory=Commands)
    counting: Counting = field(default_factory=Counting)
    patience: float = 5.0
    """Seconds without any progress after which a relay has left behind what is unsent."""

    def __post_init__(self) -> None:
        self.fate = Fate(self.seed)

    async def rage(self, patch: pytest.MonkeyPatch) -> Books:
        """Let it rage, wait until all has settled, and return what is found."""
        patch.setattr(broker, "AIOKafkaProducer", mortal_producer(self.fate))
        patch.setattr(relay, "BATCH", 40)  # many rounds, in each of which something can happen
        patch.setattr(relay, "CLAIM_INTERVAL", 0.1)
        patch.setattr(relay, "REFUSED_FOR", 0.1)
        patch.setattr(subscription, "COMMIT_INTERVAL", 0.0)  # after each batch
        stop = asyncio.Event()
        async with AsyncExitStack() as stack:
            self._reader = await asyncpg.connect(self.events.urls.worker, timeout=60)
            stack.push_async_callback(self._reader.close)
            await self._prepare()
            databases = [
                MortalDatabase(self.events.urls.app, self.fate, "the consumer"),
                MortalDatabase(self.events.urls.worker, self.fate, "the projector"),
            ]
            for database in databases:
                stack.push_async_callback(database.dispose)
            async with asyncio.TaskGroup() as group:
                for make in (self._relay, self._relay):
                    group.create_task(keep_running(make, stop))
                group.create_task(keep_running(lambda: self._consumer(databases[0]), stop))
                group.create_task(keep_running(lambda: self._projector(databases[1]), stop))
                await asyncio.gather(*(self._write(number) for number in range(WRITERS)))
                await self._settle()
                stop.set()
            return await self._books()

    def _relay(self) -> Relay:
        return Relay(self.events.worker, service="customer", bootstrap=self.bootstrap)

    def _consumer(self, database: MortalDatabase) -> Subscription:
        async def handle(session: Session, event: Event, envelope: Envelope) -> None:
            if self.fate.strikes("handler without its neighbour", every=40):
                raise ConnectionRefusedError
            await note(session, event, envelope)

        return consume(
            {CustomerChanged: handle},
            consumer="sales",
            database=database,
            bootstrap=self.bootstrap,
            after_commit=lambda: None,
            # Whoever dies begins its batch again: in a small one it soon meets what is new,
            # however much has piled up, and does not die among repetitions only.
            max_records=10,
        )

    def _projector(self, database: MortalDatabase) -> Subscription:
        work = Haunted(
            self.fate,
            self.events.worker,
            fold=self.counting.fold,
            consumer="analytics",
            database=database,
            dead_letters=DeadLetters(self.bootstrap, consumer="analytics"),
            after_commit=lambda: None,
        )
        return Subscription(work, bootstrap=self.bootstrap, max_records=50)

    async def _write(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        context = Context(tenant_id=self.tenant, actor="writer")
        for _ in range(CHANGES):
            # A machine under load may be too slow for a connection: the change is given up then.
            with contextlib.suppress(SQLAlchemyError, OSError, TimeoutError):
                async with self.events.app.session(context) as session:
                    await self.commands.change(session, self.tenant, chance.choice(self._customers))
                    if chance.random() > 0.05:
                        await session.commit()
            await asyncio.sleep(chance.random() * PAUSE)

    async def _prepare(self) -> None:
        chance = random.Random(self.seed)
        self._customers = [UUID(int=chance.getrandbits(128)) for _ in range(AGGREGATES)]
        owner = await asyncpg.connect(self.events.urls.owner, timeout=60)
        await owner.execute(TABLES)
        await owner.close()
        # The topic is shared with other storms: begin the projection at its end.
        self._since = await end_offsets(self.bootstrap, TOPIC)
        await self._reader.executemany(
            "INSERT INTO projection_offsets VALUES ('analytics', $1, $2, $3)",
            [(TOPIC, number, end) for number, end in self._since.items()],
        )

    async def _settle(self) -> None:
        """Return when nobody has anything left to do: all is published, read and counted.

        What a relay has left behind is waited for in vain; what was read and lost is not.
        """
        loop = asyncio.get_running_loop()
        before, since = -1, loop.time()
        async with asyncio.timeout(SETTLED_WITHIN):
            while loop.time() - since < self.patience:
                left = await self._reader.fetchval(UNSENT)
                if left == 0:
                    break
                if left != before:
                    before, since = left, loop.time()
                await asyncio.sleep(0.1)
            at_the_end = False
            while not at_the_end:
                await asyncio.sleep(0.2)
                at_the_end = await self._read_to_the_end()
        await asyncio.sleep(0.3)  # for what may come too often

    async def _read_to_the_end(self) -> bool:
        """Whether consumer and projector are where the topic ends."""
        ends = await end_offsets(self.bootstrap, TOPIC)
        handled = await handled_up_to(self.bootstrap, "kehu-sales", TOPIC)
        folded = dict(
            await self._reader.fetch(
                "SELECT partition, next_offset FROM projection_offsets WHERE topic = $1", TOPIC
            )
        )
        grown = {number: end for number, end in ends.items() if end > self._since[number]}
        return all(
            handled.get(number, 0) >= end and folded[number] >= end for number, end in grown.items()
        )

    async def _books(self) -> Books:
        read = self._reader.fetch
        aggregates = await read("SELECT id::text, version FROM aggregates")
        outbox = await read(
            "SELECT topic, key, tenant_id, event_id, type, sequence, payload "
            "FROM outbox ORDER BY id"
        )
        noted = await read(
            "SELECT key, sequence FROM ledger WHERE tenant_id = $1 ORDER BY position", self.tenant
        )
        counts = await read("SELECT key, changes FROM counts WHERE tenant_id = $1", self.tenant)
        return Books(
            changes=[
                (self.tenant, key, version)
                for key, newest in aggregates
                for version in range(1, newest + 1)
            ],
            outbox=[Written(*row) for row in outbox],
            published=await read_topic(self.bootstrap, TOPIC, self._since),
            noted=[(key, sequence) for key, sequence in noted],
            counts=[(key, changes) for key, changes in counts],
            folded=[event_id for (event_id,) in await read("SELECT event_id FROM folded")],
        )
