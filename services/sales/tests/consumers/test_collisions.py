"""Collisions follow what the customer service tells: duplicates, parents, hand-overs (S13, C4)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.customer import CustomerChanged
from kehu_contracts.duplicates import DuplicateDecided, DuplicateSuspected
from kehu_contracts.examples import load
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.consumers import fold
from kehu_sales.customers.models import CustomerRef

Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def deliver(worker_database: Database) -> Deliver:
    """Hands facts to the service as its consumer does, in one batch."""
    return deliveries(fold, worker_database, RecordedDeadLetters())


@pytest.mark.parametrize("order", ["in-order", "decided-first"])
async def test_suspected_duplicates_collide_until_somebody_decides(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_customer: Callable[..., Awaitable[str]],
    deliver: Deliver,
    running: RunningService,
    tenant: str,
    order: str,
) -> None:
    work = CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)
    one, other = sorted([await make_customer(), await make_customer()])
    for customer in (one, other):
        await make_opportunity(customer_id=customer, owner_id=str(uuid4()))
    pair = {
        "pair_id": uuid4(), "first_id": UUID(one), "second_id": UUID(other), "score": 80,
        "changed": [],
    }  # fmt: skip
    suspected = fact_of(DuplicateSuspected(**pair, state="open"), tenant, sequence=1)
    decided = fact_of(DuplicateDecided(**pair, state="dismissed"), tenant, sequence=2)

    async def told() -> list[tuple[str, str]]:
        await work.work()
        items = (await client.get("/v1/collisions")).json()["items"]
        return [(found["relation"], found["state"]) for found in items]

    if order == "decided-first":
        await deliver(decided)
        await deliver(suspected)
        assert await told() == []
        return
    await deliver(suspected)
    await deliver(suspected)
    assert await told() == [("duplicate", "open")]
    await deliver(decided)
    assert await told() == [("duplicate", "lapsed")]


async def test_what_is_published_again_heals_copies_of_before(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    deliver: Deliver,
    running: RunningService,
    database: Database,
    context: Context,
    tenant: str,
) -> None:
    """Sales heard of parent, child and twin when it kept neither parents nor pairs."""
    work = CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)
    example = CustomerChanged.from_bytes(load(CustomerChanged.type)[0].data)
    parent, child, twin = sorted(uuid4() for _ in range(3))
    known = [
        (parent, None, "华强集团"),
        (child, parent, "华强深圳"),
        (twin, None, "华强深圳分公司"),
    ]
    facts = []
    for customer, above, name in known:
        told = {"customer_id": customer, "parent_id": above, "merged_into_id": None, "name": name,
                "state": "trade", "changed": ["name"]}  # fmt: skip
        facts.append(fact_of(example.model_copy(update=told), tenant, sequence=7))
        async with database.transaction(context) as session:
            session.add(CustomerRef(id=customer, name=name, state="trade", sequence=7))
        await make_opportunity(customer_id=str(customer), owner_id=str(uuid4()))
    pair = DuplicateSuspected(
        pair_id=uuid4(), first_id=child, second_id=twin, score=80, changed=[], state="open"
    )
    facts.append(fact_of(pair, tenant, sequence=1))
    await work.work()
    assert (await client.get("/v1/collisions")).json()["items"] == []
    for _ in range(2):  # twice: the relay may
        await deliver(*facts)
        while await work.work():
            pass
        items = (await client.get("/v1/collisions")).json()["items"]
        assert sorted(found["relation"] for found in items) == ["duplicate", "parent"]


async def test_a_merge_that_is_undone_parts_what_only_the_merge_brought_together(
    client: httpx.AsyncClient,
    make_opportunity: Make,
    make_customer: Callable[..., Awaitable[str]],
    deliver: Deliver,
    running: RunningService,
    tenant: str,
) -> None:
    work = CollisionWork(running.databases, "Asia/Shanghai", lambda: None, batch=50)
    example = CustomerChanged.from_bytes(load(CustomerChanged.type)[0].data)
    survivor, merged = await make_customer(), await make_customer()
    for customer in (survivor, merged):
        await make_opportunity(customer_id=customer, owner_id=str(uuid4()))
    states = []
    for sequence, into in ((2, UUID(survivor)), (3, None)):
        told = {"customer_id": UUID(merged), "parent_id": None, "merged_into_id": into}
        await deliver(fact_of(example.model_copy(update=told), tenant, sequence=sequence))
        await work.work()
        (found,) = (await client.get("/v1/collisions")).json()["items"]
        states.append((found["relation"], found["state"]))
    assert states == [("same", "open"), ("same", "lapsed")]
