"""Records that are no events of ours, or nearly: every consumer passes or parks them and goes on.

The consumers are the services' own, on their migrated databases. Nothing may be raised (the process
would restart and read the same record again, for ever), nothing may be retried without end, and the
next good event is handled.
"""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.customer import CustomerCreated
from kehu_contracts.topics import CONSUMERS, DELIVERIES, SEARCH, SEGMENTS, TIMELINE, TOPICS
from kehu_customer.search.fold import fold_terms
from kehu_customer.segments.changes import note_changes
from kehu_customer.timeline.fold import fold_entries
from kehu_kernel import ids
from kehu_kernel.consumer import SideEffects
from kehu_kernel.process import Service
from kehu_kernel.projection import Projection
from kehu_kernel.subscription import Partition
from kehu_kernel.testing.events import (
    RecordedDeadLetters,
    TestRecord,
    customer_changed,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.plugin import ClientFor, RunningService

pytestmark = pytest.mark.timeout(600)  # many examples, on a machine that may be busy
ROUNDS = 12  # a record is tried twice; a batch may hold a few that fail
Headers = list[tuple[str, bytes | None]]
NASTY = st.sampled_from(
    [
        None, b"", b"\x00", b"\xff\xfe", b"-", b"*", b"x" * 5000, "客户".encode(), b"a b",
        b"' OR 1", b"0", b"-1", b"1e9", b"999999999999999999", b"99999999999999999999",
        b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00",
        b"00000000-0000-0000-0000-000000000000", b"application/xml", b"\xed\xa0\x80",
    ]
)  # fmt: skip
NASTY_JSON = st.sampled_from(
    [
        None, True, 0, -1, 1e308, 10**30, "", "\x00", "\ud800", "x" * 10_000, "客户", [], {},
        [None], "0001-01-01", "9999-12-31", "1e400", "NaN", "-0",
        "00000000-0000-0000-0000-000000000000", {"amount": "1e400", "currency": "CNY"},
        {"amount": "99999999999999999999", "currency": "CNY"},
    ]
)  # fmt: skip


@pytest.fixture(params=CONSUMERS)
def consumer(request: pytest.FixtureRequest) -> str:
    """Each consumer of all services."""
    return str(request.param)


@pytest.fixture
def slug(consumer: str) -> str:
    """The service it runs in."""
    return CONSUMERS[consumer]


@pytest.fixture
def service(slug: str) -> Service:
    """The service that the plugin's fixtures start."""
    service: Service = _module(slug, "__main__").SERVICE
    return service


def _module(slug: str, name: str) -> Any:
    return importlib.import_module(f"kehu_{slug.replace('-', '_')}.{name}")


def _consumed(consumer: str) -> list[tuple[str, type[Event]]]:
    return [(t.name, event) for t in TOPICS if consumer in t.consumers for event in t.events]


@dataclass
class Vandal:
    """What hypothesis does to a good record."""

    kind: int
    key: bytes | None
    headers: Mapping[str, bytes | None]
    more_headers: Headers
    value: bytes | None
    fields: Mapping[int, Any]

    def spoil(self, good: TestRecord) -> TestRecord:
        """Return the record with what was decided put in its place."""
        headers = [(name, self.headers.get(name, was)) for name, was in good.headers]
        value = self.value
        if value is None:
            data = json.loads(good.value or b"{}")
            names = list(data)
            data |= {names[place % len(names)]: bad for place, bad in self.fields.items()}
            value = json.dumps(data).encode()
        return TestRecord(
            good.topic,
            good.partition,
            good.offset,
            good.key if self.key == b"keep" else self.key,
            value,
            [*headers, *self.more_headers],
        )


NAMES = st.sampled_from(
    [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "ce_tenantid",
        "ce_sequence", "ce_actor", "content-type", "traceparent",
    ]
)  # fmt: skip
VANDALS = st.builds(
    Vandal,
    kind=st.integers(0, 100),
    key=st.just(b"keep") | NASTY | st.binary(max_size=40),
    headers=st.dictionaries(NAMES, NASTY | st.binary(max_size=60), max_size=3),
    more_headers=st.lists(st.tuples(NAMES, NASTY), max_size=2),
    value=st.none() | st.sampled_from([b"", b"{", b"[]", b"null", b"\xff", b"[" * 5000])
    | st.binary(max_size=80),
    fields=st.dictionaries(st.integers(0, 40), NASTY_JSON, max_size=3),
)  # fmt: skip
ONE_BAD_FIELD = Vandal(0, b"keep", {}, [], None, {1: "\x00"})
HUGE_SEQUENCE = Vandal(0, b"keep", {"ce_sequence": b"999999999999999999"}, [], None, {})


class TestGarbage:
    @given(vandals=st.lists(VANDALS, min_size=1, max_size=4))
    @example(vandals=[ONE_BAD_FIELD])
    @example(vandals=[HUGE_SEQUENCE])
    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_is_passed_or_parked_and_the_next_event_is_handled(
        self, consumer: str, running: RunningService, client_for: ClientFor, vandals: list[Vandal]
    ) -> None:
        stream = Stream(f"t-{uuid4().hex[:12]}")
        kinds = _consumed(consumer)
        records = [v.spoil(stream.record(*kinds[v.kind % len(kinds)])) for v in vandals]
        topic, kind = next(one for one in kinds if _is_handled(consumer, one[1]))
        good = stream.record(topic, kind, await _somebody(consumer, client_for, stream.tenant))
        await _meet_customer(consumer, running, stream.tenant, good)
        dead_letters = RecordedDeadLetters()
        await _deliver(_worker(consumer, running, dead_letters), [*records, good])
        published = {(record.topic, record.offset) for record, _, _ in dead_letters.published}
        assert (good.topic, good.offset) not in published
        assert await _was_handled(consumer, running, stream.tenant, good)


class Stream:
    """Good records of one tenant, each of an aggregate of its own, offsets counting per topic."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self._offsets: dict[str, int] = {}

    def record(self, topic: str, kind: type[Event], somebody: UUID | None = None) -> TestRecord:
        """Return a record with an example of this event, about a customer who is there if given."""
        envelope = examples.load(kind.type)[0]
        aggregate, event_id = somebody or uuid4(), ids.new_id()
        headers = {
            **dict(envelope.headers()),
            "ce_tenantid": self.tenant.encode(),
            "ce_id": str(event_id).encode(),
            "ce_subject": str(aggregate).encode(),
            "ce_sequence": b"1",
        }
        data = json.loads(envelope.data) | {kind.key: str(aggregate)}
        if somebody is not None and "customer_id" in data:
            data["customer_id"] = str(somebody)
        offset = self._offsets[topic] = self._offsets.get(topic, -1) + 1
        value = json.dumps(data).encode()
        return TestRecord(topic, 0, offset, str(aggregate).encode(), value, list(headers.items()))


def _is_handled(consumer: str, kind: type[Event]) -> bool:
    if consumer in ("customer", DELIVERIES):
        return kind in _module(CONSUMERS[consumer], "consumers").HANDLERS
    return kind is CustomerCreated


async def _somebody(consumer: str, client_for: ClientFor, tenant: str) -> UUID | None:
    """Return a customer that is there, for the service whose events need one."""
    if consumer not in ("customer", SEARCH):
        return None
    body = {"kind": "person", "name": "李雷"}
    return UUID((await client_for(tenant).post("/v1/customers", json=body)).json()["id"])


async def _meet_customer(
    consumer: str, running: RunningService, tenant: str, record: TestRecord
) -> None:
    """Let the service know the customer that a delivery is for."""
    if consumer != DELIVERIES:
        return
    event = customer_changed(UUID(json.loads(record.value or b"")["customer_id"]))
    deliver = deliveries(
        _module(CONSUMERS[consumer], "consumers").fold,
        running.worker_database,
        RecordedDeadLetters(),
    )
    await deliver(fact_of(event, tenant, sequence=1))


def _worker(
    consumer: str, running: RunningService, dead_letters: RecordedDeadLetters
) -> SideEffects | Projection:
    module = _module(CONSUMERS[consumer], "consumers")
    if consumer in ("customer", DELIVERIES):
        return SideEffects(
            module.HANDLERS,
            consumer=f"fuzz-{uuid4().hex[:8]}",
            database=running.database,
            dead_letters=dead_letters,
            after_commit=lambda: None,
            max_attempts=2,
        )
    folds = {
        TIMELINE: partial(fold_entries, zone="Asia/Shanghai"),
        SEGMENTS: partial(note_changes, zone="Asia/Shanghai"),
        SEARCH: fold_terms,
    }
    return Projection(
        folds.get(consumer) or module.fold,
        consumer=f"fuzz-{uuid4().hex[:8]}",
        database=running.worker_database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
        max_attempts=2,
    )


async def _deliver(consumer: SideEffects | Projection, records: Sequence[TestRecord]) -> None:
    """Deliver as the subscription does, again from where the consumer stopped."""
    waiting: dict[Partition, list[TestRecord]] = {}
    for record in records:
        waiting.setdefault(Partition(record.topic, record.partition), []).append(record)
    await consumer.positions(list(waiting))
    for _ in range(ROUNDS):
        steps = await consumer.process(waiting)
        for place, step in steps.items():
            rest = [record for record in waiting[place] if record.offset >= step.next_offset]
            waiting[place] = rest
        waiting = {place: rest for place, rest in waiting.items() if rest}
        if not waiting:
            return
    pytest.fail(f"still not through after {ROUNDS} rounds: {waiting}")


async def _was_handled(
    consumer: str, running: RunningService, tenant: str, record: TestRecord
) -> bool:
    if consumer in ("customer", DELIVERIES):
        query = "SELECT count(*) FROM inbox WHERE tenant_id = :tenant AND event_id = :id"
        name = dict(record.headers)["ce_id"]
    elif consumer == TIMELINE:
        query = "SELECT count(*) FROM timeline_entries WHERE tenant_id = :tenant AND id = :id"
        name = dict(record.headers)["ce_id"]
    elif consumer == SEGMENTS:
        query = (
            "SELECT count(*) FROM segment_changes WHERE tenant_id = :tenant AND subject_id = :id"
        )
        name = record.key
    elif consumer == SEARCH:
        query = (
            "SELECT count(*) FROM search_documents WHERE tenant_id = :tenant AND customer_id = :id"
        )
        name = record.key
    else:
        table = "customer_facts" if consumer == "analytics" else "customer_refs"
        query = f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant AND id = :id"
        name = record.key
    facts = {"tenant": tenant, "id": UUID((name or b"").decode())}
    async with running.worker_database.worker_transaction() as session:
        return bool(await session.scalar(text(query), facts))
