"""The local copy of customers, kept by the customer service's events."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from kehu_contracts import examples
from kehu_contracts.customer import CustomerState
from kehu_contracts.events import event_class
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import ids
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.subscription import Step
from kehu_kernel.testing.events import RecordedDeadLetters, customer_changed
from kehu_service_desk.consumers import HANDLERS
from kehu_service_desk.customers.models import CustomerRef

Deliver = Callable[..., Awaitable[Step]]
CUSTOMER_EVENTS = [event for event in CUSTOMER.events if issubclass(event, CustomerState)]


async def known(database: Database, context: Context) -> dict[UUID, tuple[str, str, int]]:
    """Return the tenant's copies: name, state and sequence by customer."""
    async with database.transaction(context) as session:
        rows = await session.scalars(
            select(CustomerRef).where(CustomerRef.tenant_id == context.tenant_id)
        )
        return {row.id: (row.name, row.state, row.sequence) for row in rows}


def test_handles_every_event_about_a_customer() -> None:
    assert set(HANDLERS) == set(CUSTOMER_EVENTS)


@pytest.mark.parametrize("type_", [event.type for event in CUSTOMER_EVENTS])
async def test_each_example_is_copied(
    type_: str, deliver: Deliver, database: Database, context: Context
) -> None:
    kind = event_class(type_)
    assert kind is not None
    for envelope in examples.load(type_):
        event = kind.from_bytes(envelope.data)
        assert isinstance(event, CustomerState)
        assert (await deliver(event, envelope.sequence)).retry_after is None
        copies = await known(database, context)
        assert copies[event.customer_id] == (event.name, event.state, envelope.sequence)


async def test_the_same_event_twice(deliver: Deliver, database: Database, context: Context) -> None:
    customer, event_id = customer_changed(ids.new_id()), uuid4()
    for offset in range(2):
        await deliver(customer, 3, event_id=event_id, offset=offset)
    assert await known(database, context) == {
        customer.customer_id: (customer.name, customer.state, 3)
    }


async def test_an_older_event_changes_nothing(
    deliver: Deliver, database: Database, context: Context
) -> None:
    customer_id = ids.new_id()
    await deliver(customer_changed(customer_id, name="new"), 5)
    await deliver(customer_changed(customer_id, name="old"), 4)
    assert (await known(database, context))[customer_id][0] == "new"


async def test_any_order_ends_with_the_newest(
    deliver: Deliver, database: Database, context: Context
) -> None:
    customer_id = ids.new_id()
    await asyncio.gather(
        *(deliver(customer_changed(customer_id, name=f"v{n}"), n) for n in (3, 1, 5, 2, 4))
    )
    assert (await known(database, context))[customer_id][0] == "v5"


async def test_stays_with_its_tenant(
    deliver: Deliver, database: Database, context: Context
) -> None:
    await deliver(customer_changed(ids.new_id()), 1)
    assert len(await known(database, context)) == 1
    assert await known(database, Context(tenant_id=f"t-{uuid4().hex}", actor="tester")) == {}


async def test_no_dead_letters(deliver: Deliver, dead_letters: RecordedDeadLetters) -> None:
    await deliver(customer_changed(ids.new_id()), 1)
    assert dead_letters.published == []
