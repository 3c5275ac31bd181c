"""Workers side by side: each event counts once, and no fact is lost between two of them."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_analytics.consumers import consumers, fold
from kehu_analytics.testing import Stream, dump, moved
from kehu_contracts.events import EVENTS
from kehu_contracts.examples import load
from kehu_contracts.topics import topics_for
from kehu_kernel.db import Database
from kehu_kernel.projection import Projection
from kehu_kernel.records import Fact, is_transient
from kehu_kernel.subscription import LostOwnership, Partition
from kehu_kernel.testing.events import RecordedDeadLetters, TestRecord
from kehu_kernel.testing.observe import emitted
from kehu_kernel.testing.plugin import RunningService

DAY = date(2026, 3, 1)
PLACE = Partition("kehu-sales-events", 0)


def records(facts: list[Fact]) -> list[TestRecord]:
    """Return the records that would carry the facts, all in one partition."""
    return [
        TestRecord(PLACE.topic, 0, offset, envelope.key, envelope.data, envelope.headers())
        for offset, (_, envelope) in enumerate(facts)
    ]


@pytest.fixture
def projection(worker_database: Database) -> Callable[[], Projection]:
    """Makes members of one consumer group that nobody else uses."""
    consumer = f"analytics-{uuid4().hex[:8]}"
    return lambda: Projection(
        fold,
        consumer=consumer,
        database=worker_database,
        dead_letters=RecordedDeadLetters(),
        after_commit=lambda: None,
    )


@pytest.fixture
async def scored(client: httpx.AsyncClient) -> None:
    """The default scheme, active."""
    assert (await client.post("/v1/values/defaults", json={})).status_code == 200


@pytest.mark.usefixtures("scored")
class TestTwoMembers:
    async def test_of_two_with_the_same_batch_one_folds_it(
        self, stream: Stream, database: Database, projection: Callable[[], Projection]
    ) -> None:
        customer = stream.customer(uuid4())
        stream.opportunity(uuid4(), "won", DAY, won=500_000, customer_id=customer)
        one, other = projection(), projection()
        await one.positions({PLACE})
        await other.positions({PLACE})
        batch = {PLACE: records(stream.facts)}
        outcomes = await asyncio.gather(
            one.process(batch), other.process(batch), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LostOwnership", "dict"]
        assert len(await emitted(database, stream.tenant)) == 1
        with pytest.raises(LostOwnership):
            await (other if isinstance(outcomes[0], dict) else one).process(batch)

    async def test_a_poison_event_is_parked_and_the_rest_folded(
        self, client: httpx.AsyncClient, stream: Stream, projection: Callable[[], Projection]
    ) -> None:
        customer = stream.customer(uuid4())
        stream.customer(uuid4(), name="NUL \x00 is nothing PostgreSQL can store")
        stream.opportunity(uuid4(), "won", DAY, won=500_000, customer_id=customer)
        member = projection()
        await member.positions({PLACE})
        batch = {PLACE: records(stream.facts)}
        steps = await member.process(batch)
        while steps[PLACE].retry_after is not None:
            steps = await member.process(batch)
        assert steps[PLACE].next_offset == 3
        assert (await client.get(f"/v1/values/{customer}")).json()["grade"] == "A"


@pytest.mark.usefixtures("scored")
class TestSideBySide:
    async def test_facts_about_one_customer_from_many_partitions_all_count(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        customers = [uuid4() for _ in range(10)]
        for customer in customers:
            stream.customer(customer)
            for _ in range(8):
                stream.opportunity(uuid4(), "won", DAY, won=10_000, customer_id=customer)
        # One worker per aggregate at a time, every worker with facts about every customer.
        lanes: list[list[Fact]] = [[] for _ in range(8)]
        for fact in stream.facts:
            lanes[hash(fact.envelope.subject) % 8].append(fact)

        async def work(facts: list[Fact]) -> None:
            for start in range(0, len(facts), 3):
                await until_done(worker_database, facts[start : start + 3])

        await asyncio.gather(*(work(lane) for lane in lanes))
        for customer in customers:
            value = (await client.get(f"/v1/values/{customer}")).json()
            figures = {c["dimension"]: c["value"] for c in value["contributions"]}
            assert (figures["won_count"], figures["won_amount"]) == ("8", "80000.00")
        whole = f"t-{uuid4().hex[:12]}"
        async with worker_database.worker_transaction() as session:
            await fold(session, moved(stream.facts, whole))
        apart, together = (
            await dump(worker_database, stream.tenant),
            await dump(worker_database, whole),
        )
        del apart["customer_values"], together["customer_values"]  # only one tenant has a model
        assert apart == together

    async def test_a_model_activated_while_facts_arrive_values_everybody(
        self, client: httpx.AsyncClient, stream: Stream, worker_database: Database
    ) -> None:
        body = {"name": "only amounts", "weights": {"won_amount": "100"}}
        made = (await client.post("/v1/value-models", json=body)).json()
        for _ in range(60):
            stream.customer(uuid4())

        async def work(facts: list[Fact]) -> None:
            for fact in facts:
                await until_done(worker_database, [fact])

        async def activate() -> None:
            await asyncio.sleep(0.05)
            path = f"/v1/value-models/{made['id']}/activate"
            assert (await client.post(path)).status_code == 200

        await asyncio.gather(*(work(stream.facts[start::3]) for start in range(3)), activate())
        page = (await client.get("/v1/values", params={"limit": 200})).json()
        assert len(page["items"]) == 60
        assert {item["model_id"] for item in page["items"]} == {made["id"]}


async def until_done(database: Database, facts: list[Fact]) -> None:
    """Fold as a worker does: what is only in the way for a moment is tried again."""
    for attempt in range(20):
        try:
            async with database.worker_transaction() as session:
                await fold(session, facts)
        except Exception as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(0.01 * attempt)
        else:
            return
    pytest.fail("the batch never got through")


class TestContract:
    async def test_every_example_of_every_topic_folds(
        self, tenant: str, worker_database: Database
    ) -> None:
        facts = [
            Fact(EVENTS[kind.type].from_bytes(envelope.data), envelope)
            for topic in topics_for("analytics")
            for kind in topic.events
            for envelope in load(kind.type)
        ]
        for _ in range(2):
            async with worker_database.worker_transaction() as session:
                await fold(session, moved(facts, tenant))
        rows = {table: len(rows) for table, rows in (await dump(worker_database, tenant)).items()}
        assert min(rows[name] for name in rows if name != "customer_values") > 0
        assert rows["newest_facts"] == 4

    async def test_consumes_all_topics_of_the_registry(self, running: RunningService) -> None:
        [worker] = consumers(running.databases, running.settings, lambda: None)
        assert worker.consumer == "analytics"
        assert len(topics_for("analytics")) == 4


class TestRights:
    async def test_the_api_cannot_write_facts(
        self, database: Database, context: Any, stream: Stream
    ) -> None:
        stream.customer(uuid4())
        with pytest.raises(Exception, match="permission denied"):
            async with database.transaction(context) as session:
                await fold(session, stream.facts)
