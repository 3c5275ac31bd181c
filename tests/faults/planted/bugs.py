"""The planted bugs of the event path: each is what somebody might write, and what loses or doubles.

Each function plants one bug with a test-only patch and says what it breaks; the product has no
switch for any of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from faults.planted.storm import Commands, Storm
from kehu_kernel import outbox, projection, relay
from kehu_kernel.consumer import SideEffects
from kehu_kernel.context import Context
from kehu_kernel.records import Fact, Lane, Record
from kehu_kernel.relay import Driver, Relay
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition, Subscription
from kehu_kernel.testing.events import customer_changed

HAD = text("SELECT 1 FROM inbox WHERE consumer = :consumer AND event_id = :event_id")
HAVE = text("INSERT INTO inbox VALUES (:tenant_id, :consumer, :event_id) ON CONFLICT DO NOTHING")

CHANGE = text(
    "INSERT INTO aggregates VALUES (:t, :id, 1) ON CONFLICT (tenant_id, id) "
    "DO UPDATE SET version = aggregates.version + 1 RETURNING version"
)


def relay_remembers_the_last_id(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """`WHERE id > last`: a transaction that commits late has a smaller id and is passed over."""
    above = "id > coalesce((SELECT max(id) FROM outbox WHERE sent_at IS NOT NULL), 0)"
    assert "sent_at IS NULL" in relay.UNSENT
    patch.setattr(relay, "UNSENT", relay.UNSENT.replace("sent_at IS NULL", above))


def two_relays_skip_locked_rows(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """Two relays share a shard, each leaving out what the other has locked: they overtake."""
    patch.setattr(relay, "CLAIM", "SELECT unnest($1::int[]) AS shard WHERE $2::int > 0")
    patch.setattr(relay, "UNSENT", f"{relay.UNSENT} FOR UPDATE SKIP LOCKED")
    patch.setattr(relay, "BATCH", 5)
    original = Relay._round

    async def in_transaction(self: Relay, driver: Driver) -> int:
        async with driver.transaction():
            return await original(self, driver)

    patch.setattr(Relay, "_round", in_transaction)


def relay_marks_before_it_sends(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """A relay that dies between the two has marked what nobody will send."""

    async def mark_and_send(self: Relay, driver: Driver) -> int:
        rows = await driver.fetch(relay.UNSENT, self._shards, [], relay.BATCH)
        if rows:
            await driver.execute(relay.MARK, [row["id"] for row in rows])
            await self._publish(rows)
        return len(rows)

    patch.setattr(Relay, "_round", mark_and_send)


def relay_passes_over_a_failed_event(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """The event is tried again later, but its aggregate's next ones do not wait for it."""
    original = Relay._send

    async def send(self: Relay, *row: Any) -> None:
        await original(self, *row)
        self._refused.clear()

    patch.setattr(Relay, "_send", send)


def offset_committed_before_the_database(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """A consumer that dies between the two is never given the events again."""
    original = Subscription._process

    async def process(
        self: Subscription,
        client: AIOKafkaConsumer,
        batch: Mapping[Partition, Sequence[Record]],
    ) -> None:
        if self.consumer == "sales":
            await client.commit(
                {TopicPartition(*place): batch[place][-1].offset + 1 for place in batch}
            )
        await original(self, client, batch)

    patch.setattr(Subscription, "_process", process)


def inbox_before_the_effect(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """In a transaction of its own: a consumer that dies after it believes the effect was had."""
    original = SideEffects._admit

    async def admit(
        self: SideEffects, _session: Session, lane: Lane, record: Record, fact: Fact
    ) -> str:
        async with self.transaction(lane) as session:
            return await original(self, session, lane, record, fact)

    patch.setattr(SideEffects, "_admit", admit)


def inbox_after_the_effect(storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """In a transaction of its own: a consumer that dies before it has the effect again."""
    original = SideEffects._once

    async def admit(
        self: SideEffects, session: Session, _lane: Lane, _record: Record, fact: Fact
    ) -> str:
        known = {"consumer": self.consumer, "event_id": fact.envelope.id}
        return "duplicate" if (await session.execute(HAD, known)).first() else "handled"

    async def once(self: SideEffects, record: Record) -> str:
        outcome = await original(self, record)
        if outcome == "handled":
            storm.fate.moment("of the consumer between effect and inbox", every=40, at_most=5)
        headers = {name: (value or b"").decode() for name, value in record.headers}
        tenant = headers["ce_tenantid"]
        async with self._database.transaction(Context(tenant_id=tenant, actor="t")) as session:
            values = {"tenant_id": tenant, "consumer": self.consumer}
            await session.execute(HAVE, values | {"event_id": UUID(headers["ce_id"])})
        return outcome

    patch.setattr(SideEffects, "_admit", admit)
    patch.setattr(SideEffects, "_once", once)


def projection_without_sequence_guard(storm: Storm, _patch: pytest.MonkeyPatch) -> None:
    """What the relay repeats is counted again."""
    storm.counting.guard = ""


def projection_without_compare_and_set(_storm: Storm, patch: pytest.MonkeyPatch) -> None:
    """A member that lost its partition without noticing folds the batch once more."""
    sql = projection.ADVANCE.replace("AND stored.next_offset = new.expected", "")
    assert sql != projection.ADVANCE
    patch.setattr(projection, "ADVANCE", sql)


class EventApart(Commands):
    """Changes in one transaction and tells of it in the next."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm

    async def change(self, session: Session, tenant: str, customer: UUID) -> None:
        """Change it in a transaction of its own, which commits before the event is written."""
        context = Context(tenant_id=tenant, actor="writer")
        async with self._storm.events.app.transaction(context) as first:
            version = await first.scalar(CHANGE, {"t": tenant, "id": customer})
        outbox.add(session, customer_changed(customer), sequence=version)


def event_in_another_transaction(storm: Storm, _patch: pytest.MonkeyPatch) -> None:
    """A writer that dies or gives up between the two has changed something in silence."""
    storm.commands = EventApart(storm)
