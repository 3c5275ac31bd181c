"""The tests that every copy of customers passes, whichever service keeps it.

A service's test class derives from `CustomerCopies` and says what folds its batches and where the
copies are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from random import Random
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.customer import ContactCreated, CustomerState
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import ids
from kehu_kernel.context import Context
from kehu_kernel.copies import names_record
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.rows import DIALECT
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import (
    Deliver,
    RecordedDeadLetters,
    customer_changed,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService

Known = Callable[..., Awaitable[tuple[str, str, int] | None]]
STEPS, HALF = 18, 0.5
WAITING = text("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
CUSTOMER_EVENTS = [event for event in CUSTOMER.events if issubclass(event, CustomerState)]


def example(kind: type[Event]) -> Event:
    """Return the contract's example, about a customer of its own."""
    event = kind.from_bytes(examples.load(kind.type)[0].data)
    return event.model_copy(update={kind.key: ids.new_id()})


def named(name: str, customer_id: UUID, tenant: str, sequence: int) -> Fact:
    """Return the fact that a customer has this name now."""
    return fact_of(customer_changed(customer_id, name=name), tenant, sequence=sequence)


def merged(
    customer_id: UUID, survivor_id: UUID | None, tenant: str, sequence: int, name: str = "东方"
) -> Fact:
    """Return the fact that a record is part of another one now, or of none any more."""
    state = {"state": "former" if survivor_id else "trade", "merged_into_id": survivor_id}
    event = customer_changed(customer_id, name=name).model_copy(update=state)
    return fact_of(event, tenant, sequence=sequence)


class CustomerCopies:
    """What is true of a copy of customers."""

    fold: ClassVar[Any]
    """Folds a batch, as the service's consumer does; a static method."""
    copies: ClassVar[Any]
    """The class the copies are mapped to."""

    @pytest.fixture
    def dead_letters(self) -> RecordedDeadLetters:
        """What could not be handled."""
        return RecordedDeadLetters()

    @pytest.fixture
    def deliver(self, worker_database: Database, dead_letters: RecordedDeadLetters) -> Deliver:
        """Hands facts to the service as its consumer does, in one batch."""
        return deliveries(self.fold, worker_database, dead_letters)

    @pytest.fixture
    def known(self, database: Database, tenant: str) -> Known:
        """Reads what a tenant, the test's unless another is named, sees of a customer."""

        async def read(customer_id: UUID, of: str = tenant) -> tuple[str, str, int] | None:
            context = Context(tenant_id=of, actor="tester")
            async with database.session(context, read_only=True) as session:
                copy = await session.get(self.copies, (of, customer_id))
                return copy and (copy.name, copy.state, copy.sequence)

        return read

    @pytest.mark.parametrize("kind", CUSTOMER_EVENTS, ids=lambda kind: str(kind.type))
    async def test_every_fact_about_a_customer_is_kept(
        self, kind: type[CustomerState], deliver: Deliver, known: Known, tenant: str
    ) -> None:
        event = example(kind)
        assert isinstance(event, CustomerState)
        await deliver(fact_of(event, tenant, sequence=4))
        assert await known(event.customer_id) == (event.name, event.state, 4)

    async def test_facts_about_anything_else_are_passed(
        self, deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        contact = example(ContactCreated)
        await deliver(fact_of(contact, tenant, sequence=1))
        await deliver(
            fact_of(contact, tenant, sequence=2), named("东方", customer := uuid4(), tenant, 1)
        )
        assert await known(UUID(contact.aggregate_id)) is None
        copy = await known(customer)
        assert copy is not None
        assert copy[0] == "东方"
        assert not dead_letters.published

    async def test_a_fact_delivered_twice_and_an_older_one_change_nothing(
        self, deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        customer = uuid4()
        newest, older = named("新名称", customer, tenant, 3), named("旧名称", customer, tenant, 1)
        await deliver(newest, newest, older)
        expected = await known(customer)
        assert expected is not None
        assert (expected[0], expected[2]) == ("新名称", 3)
        await deliver(newest)
        await deliver(older)
        assert await known(customer) == expected
        assert not dead_letters.published

    async def test_the_newest_of_one_batch_wins_whatever_the_order(
        self, deliver: Deliver, known: Known, tenant: str
    ) -> None:
        for order in permutations((1, 2, 3)):
            customer = uuid4()
            await deliver(*(named(f"v{n}", customer, tenant, n) for n in order))
            copy = await known(customer)
            assert copy is not None
            assert copy[0] == "v3", order

    async def test_batches_that_meet_end_with_the_newest_of_each_customer(
        self, worker_database: Database, known: Known, tenant: str
    ) -> None:
        customers = [uuid4() for _ in range(STEPS)]

        async def member(n: int) -> None:
            """Fold the n-th fact about each customer, in an order of its own."""
            facts = [named(f"v{n}", customer, tenant, n) for customer in customers]
            async with worker_database.worker_transaction() as session:
                await self.fold(session, facts if n % 2 else facts[::-1])

        await asyncio.gather(*(member(n) for n in (3, 1, 5, 2, 4)))
        for customer in customers:
            copy = await known(customer)
            assert copy is not None
            assert copy[0] == "v5"

    async def test_a_batch_that_waits_for_another_holds_nothing_that_one_needs(
        self, worker_database: Database, known: Known, tenant: str
    ) -> None:
        first, second = sorted((uuid4(), uuid4()))

        async def late() -> None:
            async with worker_database.worker_transaction() as session:
                await self.fold(session, [named("v2", one, tenant, 2) for one in (second, first)])

        async with asyncio.TaskGroup() as group, worker_database.worker_transaction() as session:
            await self.fold(session, [named("v1", first, tenant, 1)])
            group.create_task(late())
            while not await session.scalar(WAITING):  # noqa: ASYNC110 - no event tells it
                await asyncio.sleep(0.01)
            await self.fold(session, [named("v1", second, tenant, 1)])
        for customer in (first, second):
            copy = await known(customer)
            assert copy is not None
            assert copy[0] == "v2"

    async def test_a_batch_costs_the_same_however_many_customers_and_tenants_it_holds(
        self, deliver: Deliver, known: Known, worker_database: Database, tenant: str
    ) -> None:
        other = f"t-{uuid4().hex[:12]}"
        customers = [uuid4() for _ in range(5)]
        batch = [
            named(f"v{n} of {whose}", customer, whose, n)
            for n in (2, 1)
            for whose in (tenant, other)
            for customer in customers
        ]
        with count_queries(worker_database) as one:
            await deliver(named("one", uuid4(), tenant, 1))
        with count_queries(worker_database) as many:
            await deliver(*batch)
        assert len(many) == len(one)
        assert sum("INTO customer_refs" in statement for statement in many.statements) == 1
        for customer in customers:
            for whose in (tenant, other):
                copy = await known(customer, whose)
                assert copy is not None
                assert (copy[0], copy[2]) == (f"v2 of {whose}", 2)

    async def test_a_customer_of_another_tenant_is_not_seen(
        self, deliver: Deliver, known: Known, database: Database, tenant: str
    ) -> None:
        customer, other = uuid4(), f"t-{uuid4().hex[:12]}"
        await deliver(named("东方", customer, other, 1))
        assert await known(customer, other) is not None
        assert await known(customer) is None
        context = Context(tenant_id=tenant, actor="tester")
        async with database.session(context, read_only=True) as session:
            assert await session.scalars(select(self.copies)) == []  # no filter but the policy

    async def test_a_poison_fact_is_parked_and_the_rest_kept(
        self, deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
    ) -> None:
        ill, well = uuid4(), uuid4()
        await deliver(
            named("NUL \x00 is nothing PostgreSQL can store", ill, tenant, 1),
            named("东方", well, tenant, 1),
        )
        await deliver(named("waits behind", ill, tenant, 2))
        copy = await known(well)
        assert copy is not None
        assert copy[0] == "东方"
        assert await known(ill) is None
        assert [record.key for record, *_ in dead_letters.published] == [str(ill).encode()]

    async def one_with(self, database: Database, tenant: str, customer_id: UUID) -> set[UUID]:
        """Return the ids that a customer is found under; those that a list looks for."""
        context = Context(tenant_id=tenant, actor="tester")
        async with database.session(context, read_only=True) as session:
            condition = names_record(self.copies.id, self.copies, tenant, customer_id)
            query = select(self.copies.id).where(self.copies.tenant_id == tenant, condition)
            return set(await session.scalars(query))

    async def test_merged_records_are_found_together_and_apart_again_when_it_is_undone(
        self, deliver: Deliver, database: Database, tenant: str
    ) -> None:
        survivor, first, second, other = (uuid4() for _ in range(4))
        await deliver(*(named("东方", one, tenant, 1) for one in (survivor, first, second, other)))
        await deliver(merged(first, survivor, tenant, 2), merged(second, survivor, tenant, 2))
        for one in (survivor, first, second):
            found = await self.one_with(database, tenant, one)
            assert found == {survivor, first, second}
        assert await self.one_with(database, tenant, other) == {other}
        await deliver(merged(first, None, tenant, 3))
        assert await self.one_with(database, tenant, survivor) == {survivor, second}
        assert await self.one_with(database, tenant, first) == {first}

    async def test_in_whatever_order_merge_and_undoing_arrive_the_newest_holds(
        self, deliver: Deliver, database: Database, tenant: str
    ) -> None:
        for order in permutations((1, 2, 3, 4)):
            record, first, second = uuid4(), uuid4(), uuid4()
            life = {
                1: merged(record, first, tenant, 1),
                2: merged(record, None, tenant, 2),
                3: merged(record, second, tenant, 3),
                4: named("新", second, tenant, 1),
            }
            for step in order:
                await deliver(life[step], life[step])
            assert await self.one_with(database, tenant, second) == {record, second}, order
            assert record not in await self.one_with(database, tenant, first), order

    async def test_the_records_of_a_customer_are_looked_up_by_an_index(
        self, running: RunningService, cluster: Cluster, tenant: str
    ) -> None:
        condition = names_record(self.copies.id, self.copies, tenant, uuid4())
        query = select(self.copies.id).where(self.copies.tenant_id == tenant, condition)
        compiled = str(query.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
        async with planner(cluster.superuser(running.settings.database_url), "kehu_app") as large:
            assert await large.whole(compiled) == set()
            sought = str(await large.sought(compiled))
        assert "merged_into_id = " in sought, sought

    @pytest.mark.parametrize("seed", range(8))
    async def test_whatever_is_merged_and_undone_each_is_found_with_its_own(
        self, seed: int, deliver: Deliver, database: Database, tenant: str
    ) -> None:
        chance = Random(seed)  # noqa: S311 - reproducible on purpose
        records = [uuid4() for _ in range(6)]
        version = dict.fromkeys(records, 1)
        facts = [named("东方", one, tenant, 1) for one in records]
        into: dict[UUID, UUID] = {}
        for step in range(STEPS):
            change = (
                undoing(chance, into)
                if step >= STEPS - len(records)
                else merging(chance, records, into)
            )
            for one, survivor in change.items():
                version[one] += 1
                facts.append(merged(one, survivor, tenant, version[one]))
            if chance.random() < HALF:
                await deliver(*chance.sample(facts, len(facts)))  # all once more, in any order
                for one in records:
                    expected = {it for it in records if into.get(it, it) == into.get(one, one)}
                    assert await self.one_with(database, tenant, one) == expected
        await deliver(*chance.sample(facts, len(facts)))
        assert not into
        for one in records:
            assert await self.one_with(database, tenant, one) == {one}


def merging(chance: Random, records: list[UUID], into: dict[UUID, UUID]) -> dict[UUID, UUID | None]:
    """Merge one record into another, with all that were merged into it; or undo a merge."""
    survivors = [one for one in records if one not in into]
    if len(survivors) == 1 or (into and chance.random() < HALF):
        return undoing(chance, into)
    survivor, loser = chance.sample(survivors, 2)
    change = dict.fromkeys([loser, *(one for one in into if into[one] == loser)], survivor)
    into |= change
    return dict(change)


def undoing(chance: Random, into: dict[UUID, UUID]) -> dict[UUID, UUID | None]:
    """Let a record stand for itself again, if any was merged."""
    if not into:
        return {}
    one = chance.choice(list(into))
    del into[one]
    return {one: None}
