"""Rounds stay quick however much is on record: an index finds who has something to do."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta

import pytest

from kehu_customer.credit_investigations.worker import ExpiryWork
from kehu_customer.data_exports import service as data_exports
from kehu_customer.hand_overs import queries as hand_overs
from kehu_customer.imports import queries as imports
from kehu_customer.segments.worker import WORK
from kehu_kernel import clock
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService

Question = Callable[[Session], Awaitable[object]]
LOT = 100
QUESTIONS: Mapping[str, Question] = {
    "hand-overs": hand_overs.running,
    "imports": imports.working,
    "imports-files": lambda session: imports.with_old_files(
        session, clock.now() - timedelta(days=30), LOT
    ),
    "data-exports": data_exports.due,
    "segments": lambda session: session.fetch(WORK, date(2026, 11, 27)),
}


async def ask(databases: Databases, name: str) -> None:
    """Ask what a round asks first, for all tenants."""
    if name == "credit-expiry":
        await ExpiryWork(databases, "Asia/Shanghai", lambda: None).work()
        return
    async with databases.worker.worker_transaction() as session:
        await QUESTIONS[name](session)


@pytest.mark.parametrize("name", [*QUESTIONS, "credit-expiry"])
async def test_no_round_reads_what_grows_from_end_to_end(
    running: RunningService, cluster: Cluster, name: str
) -> None:
    with count_queries(running.databases.worker) as seen:
        await ask(running.databases, name)
    (place,) = [n for n, one in enumerate(seen.statements) if "tenant_id" in one]
    url = cluster.superuser(running.settings.database_url)
    async with planner(url, "kehu_worker") as large:
        whole = await large.whole(seen.statements[place], *seen.arguments[place])
    assert whole == set(), seen.statements[place]
