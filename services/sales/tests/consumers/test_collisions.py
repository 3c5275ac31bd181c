"""Collisions follow what the customer service tells: duplicates, parents, hand-overs (S13, C4)."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_contracts.duplicates import DuplicateDecided, DuplicateSuspected
from kehu_kernel.db import Database
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.collisions.worker import CollisionWork
from kehu_sales.consumers import fold

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
