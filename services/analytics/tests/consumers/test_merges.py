"""Customers that were merged count together, and apart again when that is undone (C5)."""

import asyncio
from datetime import date
from random import Random
from uuid import UUID, uuid4

import httpx
import pytest

from kehu_analytics.consumers import fold
from kehu_analytics.rebuild import rebuild
from kehu_analytics.testing import Stream, dump
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.observe import emitted

DAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
async def scored(client: httpx.AsyncClient) -> None:
    """The default scheme, active."""
    assert (await client.post("/v1/values/defaults", json={})).status_code == 200


async def fold_in(database: Database, facts: list[Fact]) -> None:
    async with database.worker_transaction() as session:
        await fold(session, facts)


async def figures(client: httpx.AsyncClient, customer: UUID) -> dict[str, str]:
    """Return what a customer's value is calculated from."""
    value = (await client.get(f"/v1/values/{customer}")).json()
    return {one["dimension"]: one["value"] for one in value["contributions"]}


def merge(stream: Stream, loser: UUID, survivor: UUID | None) -> None:
    state = "former" if survivor else "trade"
    stream.customer(loser, merged_into_id=survivor, state=state, name=f"{loser}")


async def test_the_survivor_counts_what_names_the_merged_one_once_and_apart_after_the_undoing(
    client: httpx.AsyncClient, stream: Stream, worker_database: Database, database: Database
) -> None:
    survivor, loser = stream.customer(uuid4()), uuid4()
    merge(stream, loser, None)
    for customer, won in ((survivor, 5_000), (loser, 595_000)):
        stream.opportunity(uuid4(), "won", DAY, won=won, customer_id=customer)
        stream.request(uuid4(), customer)
    await fold_in(worker_database, stream.facts)
    before = await dump(worker_database, stream.tenant)
    pyramid = (await client.get("/v1/pyramid")).json()
    assert (pyramid["customers"], pyramid["won_amount"]["amount"]) == (2, "600000.00")

    begun = len(stream.facts)
    merge(stream, loser, survivor)
    stream.opportunity(uuid4(), "won", DAY, won=100, customer_id=loser)
    late = stream.facts.pop()
    await fold_in(worker_database, stream.facts[begun:])
    together = await figures(client, survivor)
    assert (together["won_amount"], together["won_count"]) == ("600000.00", "2")
    answer = (await client.get(f"/v1/values/{loser}")).json()
    assert answer["customer_id"] == str(survivor)
    for former in ({}, {"include_former": "true"}):
        pyramid = (await client.get("/v1/pyramid", params=former)).json()
        assert (pyramid["customers"], pyramid["won_amount"]["amount"]) == (1, "600000.00")
        listed = (await client.get("/v1/values", params=former)).json()["items"]
        assert [one["customer_id"] for one in listed] == [str(survivor)]
    told = [one for one in await emitted(database, stream.tenant) if one.key == str(survivor)]
    assert len(told) == 2

    merge(stream, loser, None)
    await fold_in(worker_database, stream.facts[begun:])
    after = await dump(worker_database, stream.tenant)
    assert after["customer_figures"] == before["customer_figures"]
    assert (await figures(client, loser))["won_count"] == "1"

    merge(stream, loser, survivor)
    await fold_in(worker_database, [stream.facts[-1]])
    await fold_in(worker_database, [late])  # its customer was merged before it came
    assert (await figures(client, survivor))["won_amount"] == "600100.00"


async def test_live_is_rebuilt_whatever_was_merged_and_undone(
    stream: Stream, worker_database: Database, tenant: str
) -> None:
    chance = Random(20261122)  # noqa: S311 - reproducible on purpose
    customers = [uuid4() for _ in range(6)]
    for customer in customers:
        stream.customer(customer)
    for _ in range(60):
        one, other = chance.sample(customers, 2)
        if chance.random() < 0.4:
            merge(stream, one, chance.choice([other, None]))
        else:
            stream.opportunity(uuid4(), "won", DAY, won=10_000, customer_id=one)
    live = list(stream.facts)
    while live:
        batch, live = live[:7], live[7:]
        await fold_in(worker_database, batch)
    found = await dump(worker_database, tenant)
    await rebuild(worker_database, stream.facts)
    assert await dump(worker_database, tenant) == found


@pytest.mark.parametrize("first", ["merge", "deal"])
async def test_a_deal_that_is_folded_while_its_customer_is_merged_counts_for_the_survivor(
    client: httpx.AsyncClient, stream: Stream, worker_database: Database, first: str
) -> None:
    survivor, loser = stream.customer(uuid4()), stream.customer(uuid4())
    await fold_in(worker_database, stream.facts)
    merge(stream, loser, survivor)
    stream.opportunity(uuid4(), "won", DAY, won=5_000, customer_id=loser)
    both = stream.facts[-2:] if first == "merge" else stream.facts[:-3:-1]
    async with worker_database.worker_transaction() as session:
        await fold(session, both[:1])
        other = asyncio.create_task(fold_in(worker_database, both[1:]))
        await asyncio.sleep(0.3)
        assert not other.done()
    await other
    assert (await figures(client, survivor))["won_amount"] == "5000.00"
