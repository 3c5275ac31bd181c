"""What the day brings is found by indexes of what is still to do, not among what was done."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.daily import DailyWork
from kehu_sales.grading.worker import GradingWork
from kehu_sales.projects.worker import DelayWork
from kehu_sales.quotes.worker import ExpiryWork
from kehu_sales.receivables.worker import InstalmentWork
from kehu_sales.stages.worker import OverdueWork

TO_DO = {
    InstalmentWork: {"ix_contract_instalments_untold"},
    DelayWork: {"ix_projects_alert"},
    OverdueWork: {"ix_opportunities_overdue"},
    ExpiryWork: {"ix_quotes_expiring"},
    GradingWork: {"ix_opportunity_assessments_stale", "ix_opportunities_handling_overdue"},
}
VALUES = {"VARCHAR": "'t'", "TEXT": "'t'", "DATE": "date '2026-01-01'", "INTEGER": "200",
          "BIGINT": "200"}  # fmt: skip
TODAY = date(2026, 1, 1)


def literal(statement: str) -> str:
    """The statement with values in place of its parameters, as a plan needs them."""
    return re.sub(r"\$\d+::(\w+)", lambda found: VALUES[found.group(1)], statement)


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan or "Index Name" in plan:
        yield plan
    for below in plan.get("Plans", ()):
        yield from scans(below)


def by_its_key(scan: dict[str, Any]) -> bool:
    """Whether it reads rows by an id; a bitmap's heap is read by what the bitmap's index found."""
    heap = scan["Node Type"] == "Bitmap Heap Scan"
    return heap or bool(re.search(r"\b(\w+_)?id = ", scan.get("Index Cond", "").replace(
        "tenant_id = ", "")))  # fmt: skip


def test_every_daily_work_is_looked_at() -> None:
    assert set(DailyWork.__subclasses__()) == set(TO_DO)


@pytest.mark.parametrize("kind", TO_DO, ids=lambda kind: kind.name)
async def test_what_is_to_do_is_found_by_its_index(
    kind: type[DailyWork],
    running: RunningService,
    cluster: Cluster,
    database: Database,
    context: Context,
) -> None:
    work = kind(running.databases, "Asia/Shanghai", lambda: None)
    tenants = str(work.tenants(TODAY).compile(dialect=dialect()))
    asked = [("kehu_worker", tenants)]
    for step in work.steps:
        with count_queries(database) as sent:
            async with database.transaction(context) as session:
                assert await step(session, 200, today=TODAY) == 0
        selects = [one for one in sent.statements if one.startswith("SELECT ") and "\nFROM" in one]
        asked.append(("kehu_app", selects[0]))
    assert len(asked) == 1 + len(work.steps)
    used: set[str] = set()
    for role, statement in asked:
        async with planner(cluster.superuser(running.settings.database_url), role) as asking:
            plan = await asking.plan(literal(statement))
        for scan in scans(plan):
            index = scan.get("Index Name")
            assert index in TO_DO[kind] or by_its_key(scan), (statement, scan)
            used |= {index} & TO_DO[kind]
    assert used == TO_DO[kind]
