"""The local copy of the customers, kept up by events."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from kehu_contracts.customer import CustomerCreated, CustomerEnded, CustomerState
from kehu_contracts.envelope import Envelope
from kehu_contracts.events import event_class
from kehu_contracts.examples import load
from kehu_contracts.topics import CUSTOMER
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_marketing.consumers import HANDLERS
from kehu_marketing.customers.models import CustomerRef

Deliver = Callable[..., Awaitable[CustomerState]]
ABOUT_CUSTOMERS = [one for one in CUSTOMER.events if issubclass(one, CustomerState)]


@pytest.fixture
def deliver(database: Database, context: Context) -> Deliver:
    """Hands an example event to its handler, in the test's tenant."""

    async def handle(envelope: Envelope, **changes: object) -> CustomerState:
        kind = event_class(envelope.type)
        assert kind is not None
        event = kind.from_bytes(envelope.data).model_copy(update=changes)
        assert isinstance(event, CustomerState)
        async with database.transaction(context) as session:
            await HANDLERS[kind](session, event, envelope._replace(tenant_id=context.tenant_id))
        return event

    return handle


async def copy_of(database: Database, context: Context, customer_id: UUID) -> CustomerRef | None:
    async with database.session(context, read_only=True) as session:
        return await session.get(CustomerRef, (context.tenant_id, customer_id))


def test_every_fact_about_a_customer_is_handled() -> None:
    assert set(HANDLERS) == set(ABOUT_CUSTOMERS)


@pytest.mark.parametrize("kind", ABOUT_CUSTOMERS)
async def test_every_example_is_taken_over_once(
    kind: type[CustomerState], deliver: Deliver, database: Database, context: Context
) -> None:
    for envelope in load(kind.type):
        await deliver(envelope)
        event = await deliver(envelope)
        copy = await copy_of(database, context, event.customer_id)
        assert copy is not None
        assert (copy.name, copy.state) == (event.name, event.state)
        assert copy.sequence == envelope.sequence


async def test_a_newer_fact_counts_and_an_older_one_does_not(
    deliver: Deliver, database: Database, context: Context
) -> None:
    created, ended = load(CustomerCreated.type)[0], load(CustomerEnded.type)[0]
    event = await deliver(created)
    same = {"customer_id": event.customer_id}
    await deliver(ended._replace(sequence=7), **same)
    await deliver(created._replace(sequence=6), **same, name="旧名称")
    copy = await copy_of(database, context, event.customer_id)
    assert copy is not None
    assert (copy.state, copy.sequence) == ("former", 7)
    assert copy.name != "旧名称"
