"""The copy of customers, fed with the contract's examples."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.customer import CustomerCreated, CustomerEnded
from kehu_contracts.envelope import Envelope
from kehu_contracts.examples import load
from kehu_contracts.topics import CUSTOMER
from kehu_kernel import ids
from kehu_kernel.consumer import SideEffects
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.subscription import Partition
from kehu_kernel.testing.events import RecordedDeadLetters, TestRecord
from kehu_sales.consumers import HANDLERS
from kehu_sales.customers.models import CustomerRef

Make = Callable[..., Awaitable[dict[str, Any]]]
ProblemOf = Callable[[httpx.Response], tuple[int, str]]
Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """What could not be handled."""
    return RecordedDeadLetters()


@pytest.fixture
def deliver(database: Database, dead_letters: RecordedDeadLetters) -> Deliver:
    """Hands events to the service as its consumer does, in one batch."""
    consumer = SideEffects(
        HANDLERS,
        consumer="sales",
        database=database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
    )
    place = Partition(CUSTOMER.name, 0)

    async def deliver(*envelopes: Envelope) -> None:
        first = uuid4().int % 2**40
        records = [
            TestRecord(place.topic, 0, first + n, envelope.key, envelope.data, envelope.headers())
            for n, envelope in enumerate(envelopes)
        ]
        steps = await consumer.process({place: records})
        assert steps[place].next_offset == first + len(records), "an event was left waiting"

    return deliver


@pytest.fixture
def fact(tenant: str) -> Callable[..., Envelope]:
    """Makes an event of the test's tenant from a contract example, with other facts."""

    def make(type_: str, sequence: int, **facts: Any) -> Envelope:
        example = load(type_)[0]
        data = json.loads(example.data) | facts
        return example._replace(
            id=ids.new_id(),
            tenant_id=tenant,
            sequence=sequence,
            subject=str(data["customer_id"]),
            data=json.dumps(data).encode(),
        )

    return make


@pytest.fixture
def known(database: Database, context: Context) -> Callable[[str], Awaitable[CustomerRef | None]]:
    """Reads what sales knows of a customer."""

    async def read(customer_id: str) -> CustomerRef | None:
        async with database.transaction(context) as session:
            return await session.get(CustomerRef, (context.tenant_id, UUID(customer_id)))

    return read


Known = Callable[[str], Awaitable[CustomerRef | None]]
Fact = Callable[..., Envelope]


@pytest.mark.parametrize("event", HANDLERS, ids=lambda event: event.type)
async def test_every_fact_about_a_customer_is_kept(
    deliver: Deliver, fact: Fact, known: Known, event: Any
) -> None:
    customer_id = str(uuid4())
    await deliver(fact(event.type, 4, customer_id=customer_id, name="东方", state="trade"))
    copy = await known(customer_id)
    assert copy is not None
    assert (copy.name, copy.state, copy.sequence) == ("东方", "trade", 4)


async def test_a_fact_delivered_twice_and_an_older_one_change_nothing(
    deliver: Deliver, fact: Fact, known: Known, dead_letters: RecordedDeadLetters
) -> None:
    customer_id = str(uuid4())
    ended = fact(CustomerEnded.type, 3, customer_id=customer_id, state="former", name="新名称")
    older = fact(CustomerCreated.type, 1, customer_id=customer_id, state="prospect", name="旧名称")
    await deliver(ended, ended, older)
    await deliver(ended)
    copy = await known(customer_id)
    assert copy is not None
    assert (copy.name, copy.state, copy.sequence) == ("新名称", "former", 3)
    assert not dead_letters.published


async def test_a_customer_may_be_used_as_soon_as_it_is_known(
    client: httpx.AsyncClient,
    deliver: Deliver,
    fact: Fact,
    make_method: Make,
    problem: ProblemOf,
) -> None:
    await make_method()
    customer_id = str(uuid4())
    body = {"topic": "工作站更新", "customer_id": customer_id}
    response = await client.post("/v1/opportunities", json=body)
    assert problem(response) == (422, "unknown-customer")
    assert "retry in a second" in response.json()["detail"]
    await deliver(fact(CustomerCreated.type, 1, customer_id=customer_id, state="prospect"))
    assert (await client.post("/v1/opportunities", json=body)).status_code == 201
    await deliver(fact(CustomerEnded.type, 2, customer_id=customer_id, state="former"))
    response = await client.post("/v1/opportunities", json=body)
    assert problem(response) == (409, "customer-has-ended")


async def test_a_fact_of_another_tenant_is_not_seen(
    client: httpx.AsyncClient,
    deliver: Deliver,
    fact: Fact,
    make_method: Make,
    problem: ProblemOf,
) -> None:
    await make_method()
    customer_id = str(uuid4())
    await deliver(fact(CustomerCreated.type, 1, customer_id=customer_id)._replace(tenant_id="t-x"))
    response = await client.post(
        "/v1/opportunities", json={"topic": "x", "customer_id": customer_id}
    )
    assert problem(response) == (422, "unknown-customer")
