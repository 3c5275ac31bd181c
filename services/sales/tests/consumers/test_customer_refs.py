"""The local copy of customers, kept by the customer service's events."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, text

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.customer import ContactCreated, CustomerState
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import (
    Deliver,
    RecordedDeadLetters,
    customer_changed,
    deliveries,
    fact_of,
)
from kehu_kernel.testing.observe import count_queries
from kehu_sales.consumers import fold
from kehu_sales.customers.models import CustomerRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Known = Callable[..., Awaitable[tuple[str, str, int] | None]]
WAITING = text("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
CUSTOMER_EVENTS = [event for event in CUSTOMER.events if issubclass(event, CustomerState)]


def example(kind: type[Event]) -> Event:
    """Return the contract's example, about a customer of its own."""
    event = kind.from_bytes(examples.load(kind.type)[0].data)
    return event.model_copy(update={kind.key: ids.new_id()})


def named(name: str, customer_id: UUID, tenant: str, sequence: int) -> Fact:
    """Return the fact that a customer has this name now."""
    return fact_of(customer_changed(customer_id, name=name), tenant, sequence=sequence)


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """What could not be handled."""
    return RecordedDeadLetters()


@pytest.fixture
def deliver(worker_database: Database, dead_letters: RecordedDeadLetters) -> Deliver:
    """Hands facts to the service as its consumer does, in one batch."""
    return deliveries(fold, worker_database, dead_letters)


@pytest.fixture
def known(database: Database, tenant: str) -> Known:
    """Reads what a tenant, the test's unless another is named, sees: name, state and sequence."""

    async def read(customer_id: UUID, of: str = tenant) -> tuple[str, str, int] | None:
        context = Context(tenant_id=of, actor="tester")
        async with database.session(context, read_only=True) as session:
            copy = await session.get(CustomerRef, (of, customer_id))
            return copy and (copy.name, copy.state, copy.sequence)

    return read


@pytest.mark.parametrize("kind", CUSTOMER_EVENTS, ids=lambda kind: str(kind.type))
async def test_every_fact_about_a_customer_is_kept(
    kind: type[CustomerState], deliver: Deliver, known: Known, tenant: str
) -> None:
    event = example(kind)
    assert isinstance(event, CustomerState)
    await deliver(fact_of(event, tenant, sequence=4))
    assert await known(event.customer_id) == (event.name, event.state, 4)


async def test_facts_about_anything_else_are_passed(
    deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
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
    deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
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
    deliver: Deliver, known: Known, tenant: str
) -> None:
    for order in permutations((1, 2, 3)):
        customer = uuid4()
        await deliver(*(named(f"v{n}", customer, tenant, n) for n in order))
        copy = await known(customer)
        assert copy is not None
        assert copy[0] == "v3", order


async def test_batches_that_meet_end_with_the_newest_of_each_customer(
    worker_database: Database, known: Known, tenant: str
) -> None:
    customers = [uuid4() for _ in range(20)]

    async def member(n: int) -> None:
        """Fold the n-th fact about each customer, in an order of its own."""
        facts = [named(f"v{n}", customer, tenant, n) for customer in customers]
        async with worker_database.worker_transaction() as session:
            await fold(session, facts if n % 2 else facts[::-1])

    await asyncio.gather(*(member(n) for n in (3, 1, 5, 2, 4)))
    for customer in customers:
        copy = await known(customer)
        assert copy is not None
        assert copy[0] == "v5"


async def test_a_batch_that_waits_for_another_holds_nothing_that_one_needs(
    worker_database: Database, known: Known, tenant: str
) -> None:
    first, second = sorted((uuid4(), uuid4()))

    async def late() -> None:
        async with worker_database.worker_transaction() as session:
            await fold(session, [named("v2", one, tenant, 2) for one in (second, first)])

    async with asyncio.TaskGroup() as group, worker_database.worker_transaction() as session:
        await fold(session, [named("v1", first, tenant, 1)])
        group.create_task(late())
        while not await session.scalar(WAITING):  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.01)
        await fold(session, [named("v1", second, tenant, 1)])
    for customer in (first, second):
        copy = await known(customer)
        assert copy is not None
        assert copy[0] == "v2"


async def test_a_batch_costs_the_same_however_many_customers_and_tenants_it_holds(
    deliver: Deliver, known: Known, worker_database: Database, tenant: str
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
    assert sum("customer_refs" in statement for statement in many.statements) == 1
    for customer in customers:
        for whose in (tenant, other):
            copy = await known(customer, whose)
            assert copy is not None
            assert (copy[0], copy[2]) == (f"v2 of {whose}", 2)


async def test_a_customer_of_another_tenant_is_not_seen(
    deliver: Deliver, known: Known, database: Database, tenant: str
) -> None:
    customer, other = uuid4(), f"t-{uuid4().hex[:12]}"
    await deliver(named("东方", customer, other, 1))
    assert await known(customer, other) is not None
    assert await known(customer) is None
    context = Context(tenant_id=tenant, actor="tester")
    async with database.session(context, read_only=True) as session:
        assert await session.scalars(select(CustomerRef)) == []  # no filter but the policy


async def test_a_poison_fact_is_parked_and_the_rest_kept(
    deliver: Deliver, known: Known, tenant: str, dead_letters: RecordedDeadLetters
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


async def test_a_customer_may_be_used_as_soon_as_it_is_known(
    client: httpx.AsyncClient, deliver: Deliver, make_method: Make, problem: ProblemOf, tenant: str
) -> None:
    await make_method()
    customer = customer_changed(uuid4())
    body = {"topic": "工作站更新", "customer_id": str(customer.customer_id)}
    response = await client.post("/v1/opportunities", json=body)
    assert problem(response) == (422, "unknown-customer")
    assert "retry in a second" in response.json()["detail"]
    await deliver(fact_of(customer, f"{tenant}-x", sequence=1))
    response = await client.post("/v1/opportunities", json=body)
    assert problem(response) == (422, "unknown-customer")
    await deliver(fact_of(customer, tenant, sequence=1))
    assert (await client.post("/v1/opportunities", json=body)).status_code == 201
    former = customer.model_copy(update={"state": "former"})
    await deliver(fact_of(former, tenant, sequence=2))
    response = await client.post("/v1/opportunities", json=body)
    assert problem(response) == (409, "customer-has-ended")
