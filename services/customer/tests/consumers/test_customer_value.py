"""Writing back the value that analytics found, fed with the contract's examples."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kehu_contracts.analytics import CustomerValueChanged
from kehu_contracts.envelope import Envelope
from kehu_contracts.examples import load
from kehu_contracts.topics import ANALYTICS
from kehu_customer.consumers import HANDLERS
from kehu_kernel import ids, parking
from kehu_kernel.consumer import SideEffects
from kehu_kernel.db import Database
from kehu_kernel.subscription import Partition
from kehu_kernel.testing.events import RecordedDeadLetters, TestRecord
from kehu_kernel.testing.observe import audited, emitted

Make = Callable[..., Awaitable[dict[str, Any]]]
Deliver = Callable[..., Awaitable[None]]
FIRST, RAISED = load(CustomerValueChanged.type)  # C by finding 1, A by finding 3
RECORDED = "customer.customer-value-recorded.v1"


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """What could not be handled."""
    return RecordedDeadLetters()


@pytest.fixture
def deliver(database: Database, dead_letters: RecordedDeadLetters) -> Deliver:
    """Hands events to the service as its consumer does, in one batch."""
    consumer = SideEffects(
        HANDLERS,
        consumer="customer",
        database=database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
    )
    place = Partition(ANALYTICS.name, 0)

    async def deliver(*envelopes: Envelope) -> None:
        # Offsets are part of a parked event's identity: every delivery takes its own.
        first = uuid4().int % 2**40
        records = [
            TestRecord(place.topic, 0, first + n, envelope.key, envelope.data, envelope.headers())
            for n, envelope in enumerate(envelopes)
        ]
        steps = await consumer.process({place: records})
        assert steps[place].next_offset == first + len(records), "an event was left waiting"

    return deliver


@pytest.fixture
async def customer(make_customer: Make) -> dict[str, Any]:
    """A customer without a value."""
    return await make_customer()


def about(example: Envelope, tenant: str, customer_id: str, **data: object) -> Envelope:
    """Return the example as an event of its own about another customer."""
    document = json.loads(example.data) | {"customer_id": customer_id} | data
    return example._replace(
        id=ids.new_id(),
        tenant_id=tenant,
        subject=customer_id,
        data=json.dumps(document).encode(),
    )


async def value_of(client: httpx.AsyncClient, customer: dict[str, Any]) -> tuple[Any, ...]:
    body = (await client.get(f"/v1/customers/{customer['id']}")).json()
    return body["value_grade"], body["value_score"], body["version"]


class TestFinding:
    async def test_is_written_back_and_told(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        database: Database,
        tenant: str,
    ) -> None:
        finding = about(FIRST, tenant, customer["id"])
        await deliver(finding)
        assert await value_of(client, customer) == ("C", "41.2500", 2)
        (event,) = await emitted(database, tenant, RECORDED)
        assert (event.key, event.sequence) == (customer["id"], 2)
        assert (event.data["value_grade"], event.data["value_score"]) == ("C", "41.25")
        entry = (await audited(database, tenant))[-1]
        assert (entry.action, entry.actor) == ("customer.value-recorded", "system:customer")
        assert entry.request_id == str(finding.id)

    async def test_delivered_twice(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        database: Database,
        tenant: str,
    ) -> None:
        finding = about(FIRST, tenant, customer["id"])
        await deliver(finding, finding)
        await deliver(finding)
        assert await value_of(client, customer) == ("C", "41.2500", 2)
        assert len(await emitted(database, tenant, RECORDED)) == 1

    async def test_published_again_under_another_id(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        tenant: str,
    ) -> None:
        await deliver(about(RAISED, tenant, customer["id"]), about(RAISED, tenant, customer["id"]))
        assert await value_of(client, customer) == ("A", "86.5000", 2)

    async def test_older_than_the_one_recorded(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        database: Database,
        tenant: str,
    ) -> None:
        await deliver(about(RAISED, tenant, customer["id"]), about(FIRST, tenant, customer["id"]))
        assert await value_of(client, customer) == ("A", "86.5000", 2)
        assert len(await emitted(database, tenant, RECORDED)) == 1

    async def test_about_a_former_customer(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        tenant: str,
    ) -> None:
        await client.post(f"/v1/customers/{customer['id']}/end", json={"reason": "无"})
        await deliver(about(FIRST, tenant, customer["id"]))
        assert await value_of(client, customer) == ("C", "41.2500", 3)


class TestFindingThatCannotBeRecorded:
    async def test_about_an_unknown_customer(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        dead_letters: RecordedDeadLetters,
        worker_database: Database,
        tenant: str,
    ) -> None:
        unknown = str(uuid4())
        await deliver(about(FIRST, tenant, unknown), about(FIRST, tenant, customer["id"]))
        assert await value_of(client, customer) == ("C", "41.2500", 2)  # the others go on
        ((record, reason, attempts),) = dead_letters.published
        assert (record.key, attempts) == (unknown.encode(), 1)
        assert "not-found" in reason or unknown in reason
        async with worker_database.worker_transaction() as session:
            waiting = await parking.list_parked(session, "customer")
        assert unknown in {lane.lane.key for lane in waiting}

    async def test_about_a_customer_of_another_tenant(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        dead_letters: RecordedDeadLetters,
    ) -> None:
        await deliver(about(FIRST, f"t-{uuid4().hex[:12]}", customer["id"]))
        assert await value_of(client, customer) == (None, None, 1)
        assert len(dead_letters.published) == 1

    @pytest.mark.parametrize("data", [{"score": "many"}, {"grade": None}])
    async def test_with_data_that_is_not_valid(
        self,
        client: httpx.AsyncClient,
        customer: dict[str, Any],
        deliver: Deliver,
        dead_letters: RecordedDeadLetters,
        tenant: str,
        data: dict[str, object],
    ) -> None:
        await deliver(about(FIRST, tenant, customer["id"], **data))
        assert await value_of(client, customer) == (None, None, 1)
        assert len(dead_letters.published) == 1
