"""Side effects: each event once, failures sorted, poison parked in order."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from os import urandom
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import Engine

from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.envelope import Envelope
from kehu_kernel import outbox, parking
from kehu_kernel.consumer import MAX_ATTEMPTS, Handler, SideEffects
from kehu_kernel.context import Context
from kehu_kernel.errors import ConcurrentChange, DomainError
from kehu_kernel.records import NO_TENANT, Lane
from kehu_kernel.session import Session
from kehu_kernel.subscription import Partition, Step
from kehu_kernel.testing.events import (
    EventDatabase,
    RecordedDeadLetters,
    TestRecord,
    customer_changed,
    note,
    record_of,
)

PLACE = Partition("kehu-customer-events", 0)
Make = Callable[..., SideEffects]


class Refused(DomainError):
    code = "refused"
    status = HTTPStatus.CONFLICT
    en = "No."
    zh = "不。"


@pytest.fixture
def make(events: EventDatabase, dead_letters: RecordedDeadLetters) -> Make:
    def make(handler: Handler = note, **options: object) -> SideEffects:
        return SideEffects(
            {CustomerChanged: handler},
            consumer="sales",
            database=events.app,
            dead_letters=dead_letters,
            after_commit=lambda: None,
            max_attempts=2,
            **options,  # type: ignore[arg-type]
        )

    return make


def stream(
    tenant: str, customer: UUID, *sequences: int, start: int | None = None
) -> list[TestRecord]:
    # Offsets are part of a parked event's identity: every test takes its own.
    first = start if start is not None else int(uuid4().int % 2**40)
    event = customer_changed(customer)
    return [
        record_of(event, tenant, sequence=sequence, offset=first + place)
        for place, sequence in enumerate(sequences)
    ]


async def deliver(consumer: SideEffects, records: list[TestRecord]) -> Step:
    """Deliver as the subscription does, again from where the consumer stopped."""
    step = (await consumer.process({PLACE: records}))[PLACE]
    while step.retry_after is not None:
        await asyncio.sleep(step.retry_after / 10)
        rest = [record for record in records if record.offset >= step.next_offset]
        step = (await consumer.process({PLACE: rest}))[PLACE]
    return step


def failing(times: int, error: Exception, *, at: int) -> tuple[Handler, list[int]]:
    """Return a handler that fails so many times at one sequence, and the attempts it saw."""
    seen: list[int] = []

    async def handler(session: Session, event: Event, envelope: Envelope) -> None:
        seen.append(envelope.sequence)
        await note(session, event, envelope)
        if envelope.sequence == at and seen.count(at) <= times:
            raise error

    return handler, seen


class TestHandling:
    async def test_a_repeated_delivery_has_one_effect(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        records = stream(tenant, customer, 1, 2)
        consumer = make()
        step = await deliver(consumer, records + records)
        assert step.next_offset == records[-1].offset + 1
        assert await events.ledger(tenant) == [(str(customer), 1), (str(customer), 2)]

    async def test_deliveries_at_the_same_moment_have_one_effect(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        records = stream(tenant, uuid4(), 1)
        await asyncio.gather(*(deliver(make(), records) for _ in range(5)))
        assert len(await events.ledger(tenant)) == 1

    async def test_a_failed_handler_leaves_neither_effect_nor_inbox_row(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        handler, _ = failing(1, RuntimeError("bug"), at=1)
        records = stream(tenant, uuid4(), 1)
        step = (await make(handler).process({PLACE: records}))[PLACE]
        assert step.next_offset == records[0].offset
        assert step.retry_after is not None
        assert await events.ledger(tenant) == []
        count = "SELECT count(*) FROM inbox WHERE tenant_id = :t"
        assert await events.scalar(count, t=tenant) == 0

    async def test_a_handler_works_in_the_tenant_of_the_event_and_goes_on_with_its_trace(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        contexts: list[Context] = []

        async def handler(session: Session, event: Event, envelope: Envelope) -> None:
            contexts.append(session.context)
            outbox.add(session, event, sequence=envelope.sequence)

        record = stream(tenant, uuid4(), 1)[0]
        record = replace(record, headers=[*record.headers, ("traceparent", trace.encode())])
        await deliver(make(handler), [record])
        assert contexts[0].tenant_id == tenant
        assert contexts[0].actor == "system:sales"
        emitted = "SELECT traceparent FROM outbox WHERE tenant_id = :t"
        assert str(await events.scalar(emitted, t=tenant)).split("-")[1] == trace.split("-")[1]

    async def test_an_event_of_an_unknown_type_is_passed_over(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        known, unknown = stream(tenant, uuid4(), 1, 2)
        unknown = typed(unknown, "billing.invoice-paid.v1")
        step = await deliver(make(), [unknown, known])
        assert step.next_offset == known.offset + 1
        assert len(await events.ledger(tenant)) == 1
        assert dead_letters.published == []


class TestFailures:
    async def test_a_bug_that_goes_away_is_survived(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        customer = uuid4()
        handler, _ = failing(1, RuntimeError("once"), at=1)
        await deliver(make(handler), stream(tenant, customer, 1, 2))
        assert await events.ledger(tenant) == [(str(customer), 1), (str(customer), 2)]
        assert dead_letters.published == []

    async def test_a_part_that_is_down_is_waited_for_without_end(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        handler, seen = failing(5, ConcurrentChange(), at=1)
        await deliver(make(handler), stream(tenant, uuid4(), 1))
        assert seen == [1] * 6
        assert len(await events.ledger(tenant)) == 1
        assert dead_letters.published == []

    async def test_a_lost_database_connection_loses_nothing(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        handled: list[int] = []

        async def handler(session: Session, event: Event, envelope: Envelope) -> None:
            handled.append(envelope.sequence)
            if handled == [1]:
                pid = await session.scalar(text("SELECT pg_backend_pid()"))
                await terminate(events, pid)
            await note(session, event, envelope)

        customer = uuid4()
        await deliver(make(handler), stream(tenant, customer, 1, 2))
        assert handled == [1, 1, 2]
        assert await events.ledger(tenant) == [(str(customer), 1), (str(customer), 2)]

    async def test_a_connection_lost_while_it_is_opened_is_waited_for(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        opened, connect = 0, Engine.raw_connection

        def lose(engine: Engine) -> object:
            nonlocal opened
            opened += 1
            if opened <= MAX_ATTEMPTS + 1:
                raise AsyncAdapt_asyncpg_dbapi.Error("connection was closed")
            return connect(engine)

        monkeypatch.setattr(Engine, "raw_connection", lose)
        handler, seen = failing(0, RuntimeError("never"), at=1)
        await deliver(make(handler), stream(tenant, uuid4(), 1))
        assert (seen, dead_letters.published) == ([1], [])

    @pytest.mark.parametrize("error", [RuntimeError("always"), Refused()])
    async def test_poison_stops_its_own_aggregate_only(
        self,
        make: Make,
        events: EventDatabase,
        tenant: str,
        dead_letters: RecordedDeadLetters,
        error: Exception,
    ) -> None:
        sick, well = uuid4(), uuid4()
        handler, seen = failing(99, error, at=2)
        first = stream(tenant, sick, 1, 2, 3)
        other = stream(tenant, well, 4, 5, start=first[-1].offset + 1)
        step = await deliver(make(handler), first + other)
        assert step.next_offset == other[-1].offset + 1
        assert await events.ledger(tenant) == [(str(sick), 1), (str(well), 4), (str(well), 5)]
        assert seen.count(2) == (1 if isinstance(error, Refused) else 2)
        assert [record.offset for record, _, _ in dead_letters.published] == [first[1].offset]
        assert await waiting(events, tenant) == [(2, "poison"), (3, "held")]

    async def test_what_cannot_be_read_is_parked_at_once(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        version, data, key, nothing, bare, long = (
            record for _ in range(6) for record in stream(tenant, uuid4(), 1)
        )
        broken = [
            typed(version, "customer.customer-changed.v9"),
            replace(data, value=b'{"customer_id": 1}'),
            replace(key, key=b"\xff\x00"),
            replace(nothing, headers=[("odd", b"\x00\xff")], value=None, key=None),
            replace(bare, headers=[*bare.headers, ("ce_id", None)]),
            replace(long, key=urandom(5000), headers=[*long.headers, ("ce_type", b"x" * 5000)]),
        ]
        for record in broken:
            await deliver(make(), [record])
        reasons = [reason for _, reason, _ in dead_letters.published]
        assert [reason.split(":")[1].strip() for reason in reasons] == [
            "unknown version", "invalid data", "the record's key is not the event's subject",
            "invalid envelope", "invalid envelope", "invalid envelope",
        ]  # fmt: skip
        where = "SELECT count(*) FROM parked_events WHERE tenant_id = :t AND status = 'poison'"
        assert await events.scalar(where, t=tenant) == 5
        whose = f'{where} AND "offset" = :o'
        assert await events.scalar(whose, t=NO_TENANT, o=nothing.offset) == 1

    @pytest.mark.parametrize("nobody", ["*", "a b", "客户", "x" * 300, "' OR 1=1 --"])
    async def test_an_event_of_a_tenant_that_is_none_is_parked_and_blocks_nobody(
        self, make: Make, events: EventDatabase, tenant: str, nobody: str
    ) -> None:
        bad, good = stream(nobody, uuid4(), 1), stream(tenant, uuid4(), 1)
        records = [*bad, replace(good[0], offset=bad[0].offset + 1)]
        step = await asyncio.wait_for(deliver(make(), records), timeout=30)
        assert step.next_offset == bad[0].offset + 2
        assert len(await events.ledger(tenant)) == 1

    async def test_a_new_version_of_what_nobody_here_handles_is_skipped(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        (record,) = stream(tenant, uuid4(), 1)
        step = await deliver(make(), [typed(record, "customer.employee-changed.v9")])
        assert step.next_offset == record.offset + 1
        assert dead_letters.published == []
        assert await waiting(events, tenant) == []

    async def test_a_header_without_value_comes_back_as_it_was(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        (record,) = stream(tenant, customer, 1)
        record = replace(record, headers=[*record.headers, ("odd", None)])
        sick, _ = failing(99, RuntimeError("bug"), at=1)
        await deliver(make(sick), [record])
        assert (await parking.replay(make(), lane(tenant, customer))).failure is None
        assert await events.ledger(tenant) == [(str(customer), 1)]

    async def test_poison_waits_until_its_dead_letter_is_out(
        self, make: Make, events: EventDatabase, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        dead_letters.down = True
        consumer = make()
        record = replace(stream(tenant, uuid4(), 1)[0], value=b"{")
        step = (await consumer.process({PLACE: [record]}))[PLACE]
        assert step.retry_after is not None
        assert await waiting(events, tenant) == []
        dead_letters.down = False
        await deliver(consumer, [record])
        assert await waiting(events, tenant) == [(1, "poison")]


class TestReplay:
    async def test_heals_the_aggregate_in_order(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        records = stream(tenant, customer, 1, 2, 3, 4)
        sick, _ = failing(99, RuntimeError("bug"), at=2)
        await deliver(make(sick), records[:3])
        healed = make()
        done = await parking.replay(healed, lane(tenant, customer))
        assert (done.handled, done.failure) == (2, None)
        await deliver(healed, records[3:])
        assert [sequence for _, sequence in await events.ledger(tenant)] == [1, 2, 3, 4]
        assert await waiting(events, tenant) == []

    async def test_that_fails_again_leaves_the_event_first(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        first, _ = failing(99, RuntimeError("first bug"), at=1)
        await deliver(make(first), stream(tenant, customer, 1, 2, 3))
        second, _ = failing(99, RuntimeError("second bug"), at=2)
        done = await parking.replay(make(second), lane(tenant, customer))
        assert done == parking.Replayed(1, "RuntimeError: second bug")
        async with events.worker.worker_transaction() as session:
            found = [p for p in await parking.list_parked(session, "sales") if p.lane[1] == tenant]
        assert [(p.reason, p.waiting, p.attempts) for p in found] == [
            ("RuntimeError: second bug", 2, 1)
        ]

    async def test_of_an_event_that_was_handled_meanwhile_changes_nothing(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        records = stream(tenant, customer, 1)
        sick, _ = failing(99, RuntimeError("bug"), at=1)
        await deliver(make(sick), records)
        async with events.app.transaction(Context(tenant_id=tenant, actor="a")) as session:
            await make().handle(session, records[0])
        await parking.replay(make(), lane(tenant, customer))
        assert len(await events.ledger(tenant)) == 1

    async def test_a_live_event_cannot_overtake_a_running_replay(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        records = stream(tenant, customer, 1, 2)
        sick, _ = failing(99, RuntimeError("bug"), at=1)
        await deliver(make(sick), records[:1])
        entered, go_on = asyncio.Event(), asyncio.Event()

        async def slow(session: Session, event: Event, envelope: Envelope) -> None:
            if envelope.sequence == 1:
                entered.set()
                await go_on.wait()
            await note(session, event, envelope)

        consumer = make(slow)
        replaying = asyncio.create_task(parking.replay(consumer, lane(tenant, customer)))
        await entered.wait()
        live = asyncio.create_task(deliver(consumer, records[1:]))
        await asyncio.sleep(0.2)
        go_on.set()
        await asyncio.gather(replaying, live)
        await parking.replay(consumer, lane(tenant, customer))
        assert [sequence for _, sequence in await events.ledger(tenant)] == [1, 2]
        assert await waiting(events, tenant) == []

    async def test_goes_on_behind_a_discarded_event(
        self, make: Make, events: EventDatabase, tenant: str
    ) -> None:
        customer = uuid4()
        sick, _ = failing(99, RuntimeError("bug"), at=1)
        await deliver(make(sick), stream(tenant, customer, 1, 2))
        parked = "SELECT id FROM parked_events WHERE tenant_id = :t AND status = '{}'"
        poison = await events.scalar(parked.format("poison"), t=tenant)
        held = await events.scalar(parked.format("held"), t=tenant)
        assert isinstance(poison, int)
        assert isinstance(held, int)
        async with events.worker.worker_transaction() as session:
            with pytest.raises(parking.NotFirstInLane):
                await parking.discard(session, held, consumer="sales", reason="no")
            await parking.discard(session, poison, consumer="sales", reason="was a test")
        await parking.replay(make(), lane(tenant, customer))
        assert await events.ledger(tenant) == [(str(customer), 2)]
        kept = "SELECT reason FROM parked_events WHERE tenant_id = :t"
        assert await events.scalar(kept, t=tenant) == "was a test (was: RuntimeError: bug)"


def lane(tenant: str, customer: UUID) -> Lane:
    return Lane(PLACE.topic, tenant, str(customer))


def typed(record: TestRecord, event_type: str) -> TestRecord:
    headers = {**dict(record.headers), "ce_type": event_type.encode()}
    return replace(record, headers=list(headers.items()))


async def waiting(events: EventDatabase, tenant: str) -> list[tuple[int, str]]:
    """Return the sequences and states of the tenant's parked events, in order."""
    async with events.worker.worker_transaction() as session:
        rows = await session.execute(
            text("SELECT headers, status FROM parked_events WHERE tenant_id = :t ORDER BY id"),
            {"t": tenant},
        )
        return [(int(dict(headers)["ce_sequence"]), status) for headers, status in rows]


async def terminate(events: EventDatabase, pid: object) -> None:
    """End a database session from outside, as a fail-over does."""
    async with events.app.engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
