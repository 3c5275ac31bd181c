"""The local copy of customers' credit, kept by the customer service's events (S10, C9)."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from kehu_contracts import credit
from kehu_contracts.base import Event
from kehu_kernel.db import Database
from kehu_kernel.records import Fact
from kehu_kernel.testing.customer_copies import example
from kehu_kernel.testing.events import RecordedDeadLetters, deliveries, fact_of
from kehu_kernel.testing.observe import count_queries
from kehu_sales.consumers import fold
from kehu_sales.credit.models import CreditAccountRef, CreditLimitRef, CreditReportRef

KINDS: tuple[type[Event], ...] = (
    credit.CreditLimitGranted,
    credit.CreditLimitAdjusted,
    credit.CreditReportRecorded,
    credit.CreditReportSuperseded,
    credit.CreditAccountOpened,
    credit.CreditExposureChanged,
    credit.CreditBlocked,
    credit.CreditUnblocked,
)
MODELS = (CreditLimitRef, CreditReportRef, CreditAccountRef)


async def copies(database: Database, tenant: str) -> list[dict[str, Any]]:
    async with database.worker_transaction() as session:
        rows = [
            row
            for model in MODELS
            for row in await session.scalars(
                select(model).where(model.tenant_id == tenant).order_by(model.id)
            )
        ]
        return [{k: v for k, v in vars(row).items() if not k.startswith("_")} for row in rows]


async def test_every_fact_is_kept_once_whatever_is_delivered_again(
    worker_database: Database, tenant: str
) -> None:
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    facts: list[Fact] = [fact_of(example(kind), tenant, sequence=1) for kind in KINDS]
    await deliver(*facts)
    kept = await copies(worker_database, tenant)
    assert len(kept) == len(KINDS)
    await deliver(*reversed(facts))
    assert await copies(worker_database, tenant) == kept


async def test_the_newest_holds_in_whatever_order_facts_come(
    worker_database: Database, tenant: str
) -> None:
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    account, who = uuid4(), uuid4()
    of_it = {"credit_account_id": account, "customer_id": who}
    blocked = example(credit.CreditBlocked).model_copy(
        update=of_it | {"blocked": True, "block_reason": "逾期"}
    )
    free = example(credit.CreditUnblocked).model_copy(
        update=of_it | {"blocked": False, "block_reason": None}
    )
    await deliver(fact_of(free, tenant, sequence=3))
    await deliver(fact_of(blocked, tenant, sequence=2))
    (row,) = await copies(worker_database, tenant)
    assert (row["blocked"], row["block_reason"], row["sequence"]) == (False, None, 3)
    await deliver(fact_of(blocked, tenant, sequence=4))
    (row,) = await copies(worker_database, tenant)
    assert (row["blocked"], row["block_reason"]) == (True, "逾期")


async def test_a_batch_costs_one_statement_for_each_kind_of_copy(
    worker_database: Database, tenant: str
) -> None:
    deliver = deliveries(fold, worker_database, RecordedDeadLetters())
    with count_queries(worker_database) as seen:
        await deliver(*(fact_of(example(k), tenant, sequence=1) for k in KINDS for _ in range(5)))
    assert len([one for one in seen.statements if "credit_" in one]) == len(MODELS)
    ids: set[UUID] = {row["id"] for row in await copies(worker_database, tenant)}
    assert len(ids) == 5 * len(KINDS)
