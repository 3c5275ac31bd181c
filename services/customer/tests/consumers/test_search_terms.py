"""The index learns from events who changed, and once of everybody on record (C15)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from kehu_contracts import examples
from kehu_contracts.base import Event
from kehu_contracts.customer import (
    ContactPointCreated,
    CustomerChanged,
    CustomerCreated,
    CustomerValueRecorded,
)
from kehu_customer.search import index
from kehu_customer.search.fold import fold_terms
from kehu_customer.search.index import Key, renew
from kehu_customer.search.worker import BuildWork
from kehu_kernel import ids
from kehu_kernel.db import Database
from kehu_kernel.process import Databases
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import Deliver, RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plugin import RunningService

PLACE = text("SELECT at_tenant || at_customer FROM search_builds WHERE edition = :edition")
Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def deliver(worker_database: Database) -> Iterator[Deliver]:
    """Hands facts to the index as its consumer does; none of them is poison."""
    dead_letters = RecordedDeadLetters()
    yield deliveries(fold_terms, worker_database, dead_letters)
    assert not dead_letters.published


def happened(of: type[Event], tenant: str, **fields: Any) -> Fact:
    """Return the contract's example of a fact, about these."""
    event = of.from_bytes(examples.load(of.type)[0].data)
    changes = {of.key: ids.new_id()} | fields
    return fact_of(event.model_copy(update=changes), tenant, sequence=1)


async def found(client: httpx.AsyncClient, typed: str) -> int:
    """Return how many are found."""
    answer = await client.get("/v1/search", params={"q": typed})
    return len(answer.json()["items"])


async def test_a_new_customer_is_found_after_its_event(
    deliver: Deliver, make_customer: Make, client: httpx.AsyncClient, tenant: str
) -> None:
    made = await make_customer(name="东方明珠电器有限公司")
    assert await found(client, "东方明珠") == 0
    fact = happened(CustomerCreated, tenant, customer_id=UUID(made["id"]))
    await deliver(fact, fact)
    await deliver(fact)
    assert await found(client, "东方明珠") == 1


async def test_a_number_of_a_contact_leads_to_its_customer(
    deliver: Deliver, make_point: Make, client: httpx.AsyncClient, tenant: str
) -> None:
    point = await make_point(value="137 1234 5678")
    fact = happened(
        ContactPointCreated, tenant, customer_id=None, contact_id=UUID(point["contact_id"])
    )
    await deliver(fact)
    assert await found(client, "13712345678") == 1


async def test_an_old_event_that_comes_late_brings_nothing_old_back(
    deliver: Deliver, make_customer: Make, client: httpx.AsyncClient, tenant: str
) -> None:
    made = await make_customer(name="旧名字电器有限公司")
    await client.patch(
        f"/v1/customers/{made['id']}",
        json={"name": "新招牌电器有限公司"},
        headers={"If-Match": '"1"'},
    )
    whose = UUID(made["id"])
    await deliver(happened(CustomerChanged, tenant, customer_id=whose))
    await deliver(happened(CustomerCreated, tenant, customer_id=whose, name="旧名字电器有限公司"))
    assert (await found(client, "新招牌"), await found(client, "旧名字")) == (1, 0)


async def test_what_is_not_on_record_here_is_passed_over(deliver: Deliver, tenant: str) -> None:
    await deliver(happened(CustomerCreated, tenant), happened(ContactPointCreated, tenant))


async def test_a_value_that_was_recorded_changes_no_word(
    worker_database: Database, tenant: str
) -> None:
    async with worker_database.worker_transaction() as session:
        await session.fetch("SELECT 1")
        with count_queries(worker_database) as sent:
            await fold_terms(session, [happened(CustomerValueRecorded, tenant)])
    assert not sent.statements


async def test_a_batch_costs_the_same_queries_however_many_it_is_about(
    make_customer: Make, worker_database: Database, tenant: str
) -> None:
    made = [await make_customer(name=name) for name in ("甲乙电器", "丙丁食品", "戊己物流")]
    facts = [happened(CustomerCreated, tenant, customer_id=UUID(one["id"])) for one in made]
    async with worker_database.worker_transaction() as session:
        await session.fetch("SELECT 1")
        with count_queries(worker_database) as sent:
            await fold_terms(session, facts)
    assert len(sent.statements) == 6


async def test_of_two_that_learn_of_one_customer_at_once_the_later_sees_the_newest(
    make_customer: Make, client: httpx.AsyncClient, worker_database: Database, tenant: str
) -> None:
    """The first holds the row while the name changes; the second must not read before it ends."""
    made = await make_customer(name="双星旧号有限公司")
    key = Key(tenant, UUID(made["id"]))

    async def later() -> None:
        async with worker_database.worker_transaction() as session:
            await renew(session, [key])

    async with worker_database.worker_transaction() as session:
        await renew(session, [key])
        waiting = asyncio.create_task(later())
        await asyncio.sleep(0.2)
        await client.patch(
            f"/v1/customers/{made['id']}",
            json={"name": "双星新号有限公司"},
            headers={"If-Match": '"1"'},
        )
    await waiting
    assert await found(client, "双星新号") == 1


class TestBuild:
    @pytest.fixture
    async def anew(
        self, running: RunningService, worker_database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> Databases:
        """A new edition of the terms: nobody on record has them."""
        monkeypatch.setattr(index, "EDITION", ids.new_id().int % 1_000_000_000)
        return running.databases

    async def test_everybody_on_record_is_found_when_all_batches_are_done(
        self, anew: Databases, make_customer: Make, client: httpx.AsyncClient
    ) -> None:
        for name in ("珠江船务有限公司", "珠江钢琴有限公司", "珠江啤酒有限公司"):
            await make_customer(name=name)
        work = BuildWork(anew, batch=200)
        while await work.work():
            pass
        assert await found(client, "珠江") == 3

    async def test_a_batch_that_died_is_made_again_and_the_rest_goes_on_after_it(
        self, anew: Databases, make_customer: Make, worker_database: Database
    ) -> None:
        for name in ("黄河旋风有限公司", "黄河轴承有限公司"):
            await make_customer(name=name)
        places = []
        for dies in (True, False, False):
            try:
                async with worker_database.worker_transaction() as session:
                    assert await index.build_on(session, 1) == 1
                    await session.flush()
                    places.append(await session.scalar(PLACE, {"edition": index.EDITION}))
                    if dies:
                        raise InterruptedError  # noqa: TRY301 - the transaction dies here
            except InterruptedError:
                continue
        assert places[0] == places[1] < places[2]
