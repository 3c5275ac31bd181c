"""The fold is pure: only the set of events counts, not batches, duplicates, partitions, order."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kehu_analytics.consumers import fold
from kehu_analytics.rebuild import rebuild
from kehu_analytics.testing import STAGES, Stream, dump, moved
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.observe import count_queries, emitted

DAY = date(2026, 3, 1)
PEOPLE = [UUID(int=n) for n in range(1, 5)]
DEALS = [UUID(int=n) for n in range(11, 16)]
REQUESTS = [UUID(int=n) for n in range(21, 24)]
LEADS = [UUID(int=n) for n in range(31, 33)]

SETTINGS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

STATUSES = [
    "not_evaluated", "in_evaluation", "in_progress", "won", "lost", "evaluation_failed", "pooled",
]  # fmt: skip
customers = st.sampled_from(PEOPLE)
opportunities = st.fixed_dictionaries(
    {
        "opportunity_id": st.sampled_from(DEALS),
        "status": st.sampled_from(STATUSES),
        "on": st.integers(0, 20).map(lambda n: DAY + timedelta(days=n)),
        "amount": st.decimals(0, 5000, places=2),
        "currency": st.sampled_from(["CNY", "CNY", "USD"]),
        "stage": st.sampled_from(list(STAGES)),
        "customer_id": st.none() | customers,
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("customer"),
            st.fixed_dictionaries(
                {"customer_id": customers, "merged_into_id": st.none() | customers}
            ),
        ),
        st.tuples(st.just("opportunity"), opportunities),
        st.tuples(st.just("opportunity"), opportunities),
        st.tuples(
            st.just("request"),
            st.fixed_dictionaries(
                {"request_id": st.sampled_from(REQUESTS), "customer_id": customers}
            ),
        ),
        st.tuples(st.just("lead"), st.fixed_dictionaries({"lead_id": st.sampled_from(LEADS)})),
    ),
    min_size=1,
    max_size=40,
)


def stream_of(steps: Sequence[tuple[str, dict[str, Any]]]) -> list[Fact]:
    stream = Stream("nobody")
    for name, values in steps:
        getattr(stream, name)(**values)
    return stream.facts


def fresh_tenant() -> str:
    return f"t-{uuid4().hex[:12]}"


async def fold_in(database: Database, batches: Sequence[Sequence[Fact]]) -> None:
    for batch in batches:
        if batch:
            async with database.worker_transaction() as session:
                await fold(session, batch)


async def scored(database: Database, tenants: Sequence[str], client_for: Any) -> None:
    for tenant in tenants:
        response = await client_for(tenant).post("/v1/values/defaults", json={})
        assert response.status_code == 200, response.text


def by_aggregate(facts: Sequence[Fact]) -> list[list[Fact]]:
    """Return the facts apart by aggregate: what partitions keep in order."""
    lanes: dict[str, list[Fact]] = {}
    for fact in facts:
        lanes.setdefault(fact.envelope.subject, []).append(fact)
    return list(lanes.values())


class TestFold:
    @SETTINGS
    @given(steps=steps, data=st.data())
    async def test_any_batches_duplicates_and_order_of_partitions_give_the_same_tables(
        self, worker_database: Database, steps: list[Any], data: st.DataObject
    ) -> None:
        facts = stream_of(steps)
        one, other = fresh_tenant(), fresh_tenant()
        await fold_in(worker_database, [moved(facts, one)])

        mixed: list[Fact] = []
        lanes = [list(lane) for lane in by_aggregate(moved(facts, other))]
        while lanes:
            lane = data.draw(st.sampled_from(lanes))
            mixed.append(lane.pop(0))
            lanes = [lane for lane in lanes if lane]
            if data.draw(st.booleans()):
                mixed.append(data.draw(st.sampled_from(mixed)))
        cuts = sorted(data.draw(st.sets(st.integers(0, len(mixed)), max_size=8)) | {0, len(mixed)})
        batches = [mixed[a:b] for a, b in pairwise(cuts)]
        await fold_in(worker_database, batches)

        assert await dump(worker_database, other) == await dump(worker_database, one)

    @SETTINGS
    @given(steps=steps, data=st.data())
    async def test_even_events_out_of_order_give_the_same_tables(
        self, worker_database: Database, steps: list[Any], data: st.DataObject
    ) -> None:
        facts = stream_of(steps)
        one, other = fresh_tenant(), fresh_tenant()
        await fold_in(worker_database, [moved(facts, one)])
        shuffled = data.draw(st.permutations(moved(facts, other)))
        cut = data.draw(st.integers(0, len(shuffled)))
        await fold_in(worker_database, [shuffled[:cut], shuffled[cut:]])
        assert await dump(worker_database, other) == await dump(worker_database, one)

    async def test_repeating_everything_changes_nothing_and_publishes_nothing(
        self, worker_database: Database, database: Database, tenant: str, client: Any
    ) -> None:
        await client.post("/v1/values/defaults", json={})
        stream = Stream(tenant)
        for person, deal in zip(PEOPLE, DEALS, strict=False):
            stream.customer(person)
            stream.opportunity(deal, "won", DAY, amount=60_000, customer_id=person)
        await stream.fold(worker_database)
        before = await dump(worker_database, tenant)
        said = await emitted(database, tenant)
        await stream.fold(worker_database)
        await fold_in(worker_database, [[fact] for fact in reversed(stream.facts)])
        assert await dump(worker_database, tenant) == before
        assert await emitted(database, tenant) == said

    async def test_the_number_of_statements_does_not_grow_with_the_batch(
        self, worker_database: Database, tenant: str
    ) -> None:
        counts = []
        for size in (3, 300):
            stream = Stream(tenant)
            for _ in range(size):
                person = stream.customer(uuid4())
                stream.opportunity(uuid4(), "in_progress", DAY, stage="bid", customer_id=person)
            with count_queries(worker_database) as queries:
                await stream.fold(worker_database)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestRebuild:
    @settings(SETTINGS, max_examples=15)
    @given(steps=steps)
    async def test_gives_what_was_folded_live(
        self, worker_database: Database, client_for: Any, database: Database, steps: list[Any]
    ) -> None:
        tenant = fresh_tenant()
        await scored(worker_database, [tenant], client_for)
        facts = moved(stream_of(steps), tenant)
        await fold_in(worker_database, [facts[:7], facts[5:20], facts[20:]])
        live = await dump(worker_database, tenant)
        said = await emitted(database, tenant)
        await rebuild(worker_database, facts)
        assert await dump(worker_database, tenant) == live
        assert await emitted(database, tenant) == said

    async def test_repairs_what_was_damaged(
        self, worker_database: Database, context: Context, tenant: str
    ) -> None:
        stream = Stream(tenant)
        person = stream.customer(PEOPLE[0], name="真名")
        stream.opportunity(DEALS[0], "won", DAY, customer_id=person)
        await stream.fold(worker_database)
        right = await dump(worker_database, tenant)
        damaged = Stream(tenant)
        damaged.customer(PEOPLE[0])
        damaged.customer(PEOPLE[0])
        damaged.customer(PEOPLE[0], name="错名")
        await damaged.fold(worker_database)
        assert await dump(worker_database, tenant) != right
        await rebuild(worker_database, stream.facts)
        assert await dump(worker_database, tenant) == right
