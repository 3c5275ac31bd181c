"""Product files from deliveries, fed with the contract's examples (D1; 1.4, item 5)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.delivering import ProjectDeliveryReversed, ProjectLinesDelivered
from kehu_contracts.examples import load
from kehu_contracts.topics import DELIVERIES, SALES
from kehu_kernel.consumer import SideEffects
from kehu_kernel.db import Database
from kehu_kernel.subscription import Partition
from kehu_kernel.testing.events import RecordedDeadLetters, TestRecord, fact_of
from kehu_kernel.testing.observe import audited, emitted
from kehu_service_desk.consumers import HANDLERS

Make = Callable[..., Awaitable[dict[str, Any]]]
Deliver = Callable[..., Awaitable[int]]
DELIVERED = ProjectLinesDelivered.from_bytes(load(ProjectLinesDelivered.type)[0].data)
REVERSED = ProjectDeliveryReversed.from_bytes(load(ProjectDeliveryReversed.type)[0].data)
FILES = "/v1/product-files"


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """What could not be handled."""
    return RecordedDeadLetters()


@pytest.fixture
def deliver(database: Database, dead_letters: RecordedDeadLetters, tenant: str) -> Deliver:
    """Hands events to the service as its consumer does; returns how many were handled or parked."""
    consumer = SideEffects(
        HANDLERS,
        consumer=DELIVERIES,
        database=database,
        dead_letters=dead_letters,
        after_commit=lambda: None,
        max_attempts=2,
    )
    place = Partition(SALES.name, 0)

    async def deliver(
        *events: Any, event_id: UUID | None = None, ago: timedelta = timedelta()
    ) -> int:
        first = uuid4().int % 2**40
        records = []
        for n, event in enumerate(events):
            sequence = 2 if isinstance(event, ProjectDeliveryReversed) else 1
            told = fact_of(event, tenant, sequence=sequence, event_id=event_id).envelope
            headers = told._replace(time=told.time - ago).headers()
            records.append(TestRecord(place.topic, 0, first + n, told.key, told.data, headers))
        step = (await consumer.process({place: records}))[place]
        return step.next_offset - first

    return deliver


@pytest.fixture
async def told(make_customer: Callable[..., Awaitable[str]]) -> dict[str, Any]:
    """What is other than in the examples: a customer that is here, a delivery of its own."""
    ids = {"customer_id": UUID(await make_customer()), "delivery_id": uuid4()}
    lines = [
        line.model_copy(update={"serial_numbers": [f"{uuid4()}" for _ in line.serial_numbers]})
        for line in DELIVERED.lines
    ]
    return ids | {"project_id": uuid4(), "contract_id": uuid4(), "lines": lines}


async def files(client: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await client.get(FILES, params=filters | {"sort": "created_at"})
    ).json()["items"]
    return found


async def test_each_serial_number_becomes_a_registered_file_and_services_none(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any], database: Database,
    tenant: str,
) -> None:  # fmt: skip
    assert await deliver(DELIVERED.model_copy(update=told)) == 1
    found = await files(client, project_id=told["project_id"])
    assert {one["serial_number"] for one in found} == set(told["lines"][0].serial_numbers)
    for one in found:
        assert (one["quantity"], one["registered_on"]) == ("1", "2026-07-28")
        assert (one["warranty_until"], one["service_life_until"]) == ("2029-07-27", "2034-07-27")
        assert one["contract_id"] == str(told["contract_id"])
    assert await files(client, contract_id=told["contract_id"]) == found
    events = await emitted(database, tenant)
    assert [one.type for one in events] == ["service-desk.product-file-registered.v1"] * 2
    assert {one.data["project_id"] for one in events} == {str(told["project_id"])}


async def test_without_serial_numbers_a_line_is_one_file_with_its_quantity(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any]
) -> None:
    line = told["lines"][0].model_copy(update={"serial_numbers": [], "warranty_months": None})
    await deliver(DELIVERED.model_copy(update=told | {"lines": [line]}))
    [one] = await files(client)
    assert (one["quantity"], one["serial_number"], one["warranty_until"]) == ("2", None, None)


async def test_what_is_told_again_changes_nothing(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any], database: Database,
    tenant: str,
) -> None:  # fmt: skip
    event, same = DELIVERED.model_copy(update=told), uuid4()
    await deliver(event, event_id=same)
    before = await files(client), len(await audited(database, tenant))
    await deliver(event, event_id=same)  # the same record
    await deliver(event)  # published anew
    assert (await files(client), len(await audited(database, tenant))) == before


async def test_an_untouched_file_is_withdrawn_with_its_delivery_and_its_serial_number_is_free(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any], database: Database,
    tenant: str, problem: Callable[[httpx.Response], tuple[int, str]],
) -> None:  # fmt: skip
    reversal = REVERSED.model_copy(update=told)
    await deliver(DELIVERED.model_copy(update=told))
    assert {one["in_warranty"] for one in await files(client)} == {True}
    await deliver(reversal)
    assert await files(client, withdrawn=False) == []
    one, _ = await files(client, withdrawn=True)
    assert one["in_warranty"] is False
    assert await files(client, warranty="in_warranty") == []
    assert (one["withdrawn_on"], one["withdraw_reason"]) == ("2026-07-29", "发错型号，退回")
    events = await emitted(database, tenant)
    assert [x.type for x in events][2:] == ["service-desk.product-file-withdrawn.v1"] * 2
    before = len(await audited(database, tenant))
    await deliver(reversal)
    assert len(await audited(database, tenant)) == before
    again = {"delivery_id": uuid4()}
    assert await deliver(DELIVERED.model_copy(update=told | again)) == 1
    assert len(await files(client, withdrawn=False)) == 2
    body = {"customer_id": one["customer_id"], "problem": "不开机", "channel": "phone"}
    refused = await client.post("/v1/requests", json=body | {"product_file_id": one["id"]})
    assert problem(refused) == (409, "product-file-withdrawn")
    change = {"warranty_until": "2030-01-01"}
    refused = await client.patch(
        f"{FILES}/{one['id']}", json=change, headers={"If-Match": f'"{one["version"]}"'}
    )
    assert problem(refused) == (409, "product-file-withdrawn")


async def test_a_file_that_was_worked_with_stays_and_says_that_its_delivery_was_taken_back(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any]
) -> None:
    await deliver(DELIVERED.model_copy(update=told))
    changed, requested = await files(client)
    await client.patch(
        f"{FILES}/{changed['id']}",
        json={"next_maintenance_on": "2027-01-01"},
        headers={"If-Match": '"1"'},
    )
    body = {"customer_id": requested["customer_id"], "problem": "异响", "channel": "phone"}
    asked = await client.post("/v1/requests", json=body | {"product_file_id": requested["id"]})
    assert asked.status_code == 201, asked.text
    await deliver(REVERSED.model_copy(update=told))
    for one in await files(client):
        assert (one["withdrawn_on"], one["delivery_reversed_on"]) == (None, "2026-07-29")


async def test_one_whose_customer_is_not_here_yet_is_tried_again(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any],
    dead_letters: RecordedDeadLetters,
) -> None:  # fmt: skip
    assert await deliver(DELIVERED.model_copy(update=told | {"customer_id": uuid4()})) == 0
    assert not dead_letters.published
    assert await files(client) == []


@pytest.mark.parametrize("days", [1, -3000])
async def test_one_whose_customer_does_not_come_waits_for_somebody_and_lets_others_pass(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any],
    dead_letters: RecordedDeadLetters, days: int,
) -> None:  # fmt: skip
    lost = DELIVERED.model_copy(update=told | {"customer_id": uuid4(), "delivery_id": uuid4()})
    same = uuid4()
    while await deliver(lost, event_id=same, ago=timedelta(days=days)) == 0:
        assert not dead_letters.published
    assert await deliver(DELIVERED.model_copy(update=told)) == 1
    assert len(dead_letters.published) == 1
    assert {one["delivery_id"] for one in await files(client)} == {str(told["delivery_id"])}


async def test_a_serial_number_of_another_file_waits_for_somebody_to_look(
    client: httpx.AsyncClient, deliver: Deliver, told: dict[str, Any], make_file: Make,
    dead_letters: RecordedDeadLetters,
) -> None:  # fmt: skip
    taken = told["lines"][0].serial_numbers[0]
    await make_file(serial_number=taken)
    event, same = DELIVERED.model_copy(update=told), uuid4()
    while await deliver(event, event_id=same) == 0:
        pass
    assert len(dead_letters.published) == 1
    assert await files(client, delivery_id=told["delivery_id"]) == []
