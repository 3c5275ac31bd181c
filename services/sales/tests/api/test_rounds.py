"""Rounds stay quick however much is on record: of every work, an index finds what is due."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from kehu_kernel import audit, clock
from kehu_kernel.context import Context
from kehu_kernel.hand_overs import HandOverWork
from kehu_kernel.process import Databases
from kehu_kernel.session import Session
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.observe import count_queries
from kehu_kernel.testing.plans import planner
from kehu_kernel.testing.plugin import RunningService
from kehu_sales.assignment import queries as assignment
from kehu_sales.collisions.models import DEFAULTS, CollisionPolicy, OnNoAnswer
from kehu_sales.collisions.service import settle_unanswered
from kehu_sales.collisions.worker import TENANTS as TO_COMPARE
from kehu_sales.collisions.worker import look_again, tell_unanswered, walk_on
from kehu_sales.contracts.worker import EndWork
from kehu_sales.daily import DailyWork
from kehu_sales.forecasts.service import SnapshotWork
from kehu_sales.grading.worker import GradingWork
from kehu_sales.hand_overs.models import HandOverRef
from kehu_sales.hand_overs.service import move_records
from kehu_sales.idle.models import DEFAULTS as IDLE_DEFAULTS
from kehu_sales.idle.models import IdlePolicy
from kehu_sales.idle.worker import IdleWork
from kehu_sales.jobs import jobs
from kehu_sales.projects.worker import DelayWork
from kehu_sales.quotes.worker import ExpiryWork
from kehu_sales.receivables.worker import InstalmentWork
from kehu_sales.reminders.service import remind
from kehu_sales.reminders.worker import TENANTS as TO_REMIND
from kehu_sales.stages.worker import OverdueWork
from kehu_sales.visits.worker import SeriesWork

Make = Callable[..., Awaitable[dict[str, Any]]]
Round = Callable[[Databases, Context], Awaitable[None]]
ZONE = "Asia/Shanghai"
TODAY = clock.today(clock.now(), ZONE)
LOT = 200
ROLES = ("kehu_worker", "kehu_app")
BRACKET = re.compile("BEGIN|COMMIT|ROLLBACK")
SMALL = {
    "assignment_rules", "collision_policies", "collision_walks", "contract_policies",
    "forecast_rules", "grading_schemes", "grading_walks", "idle_policies", "methods",
    "visit_policies",
}  # fmt: skip
"""Tables that do not grow with what is sold: a round may read them from end to end."""
ELSEWHERE = {"erasures"}
"""Works of the kernel, which has tests of its own for them."""


async def daily(kind: type[DailyWork], databases: Databases, context: Context) -> None:
    """Ask who has something to do, and do every step for a tenant that has nothing."""
    work = kind(databases, ZONE, lambda: None)
    async with databases.worker.worker_transaction() as session:
        await session.scalars(work.tenants(TODAY))
    for step in work.steps:
        async with databases.app.transaction(context) as session:
            assert await step(session, LOT, today=TODAY) == 0


async def reminders(databases: Databases, context: Context) -> None:
    """Remind of nothing."""
    async with databases.worker.worker_transaction() as session:
        await session.fetch(TO_REMIND, clock.now(), TODAY)
    async with databases.app.transaction(context) as session:
        assert await remind(session, LOT, zone=ZONE) == 0


async def collisions(databases: Databases, context: Context) -> None:
    """Look again at nothing, and settle nothing."""
    async with databases.app.transaction(context) as session:
        settled = {"on_no_answer": OnNoAnswer.CLAIMANT}
        audit.created(session, CollisionPolicy(**{**DEFAULTS, **settled}))
    async with databases.worker.worker_transaction() as session:
        await session.fetch(TO_COMPARE, TODAY)
    async with databases.app.transaction(context) as session:
        assert await look_again(session, LOT, today=TODAY) == 0
        assert await walk_on(session, LOT, today=TODAY) == 0
        assert await tell_unanswered(session, LOT, today=TODAY) == 0
        assert await settle_unanswered(session, LOT, today=TODAY) == 0


async def idle(databases: Databases, context: Context) -> None:
    """Warn of nothing, and take nothing back, where what is idle goes back."""
    async with databases.app.transaction(context) as session:
        audit.created(session, IdlePolicy(**{**IDLE_DEFAULTS, "idle_days": 60}))
    await daily(IdleWork, databases, context)


async def hand_overs(databases: Databases, context: Context) -> None:
    """Hand over what somebody holds who holds nothing."""
    await HandOverWork(databases, HandOverRef, nothing_left, lambda: None, batch=LOT).work()
    leaver = HandOverRef(employee_id=uuid4(), successor_id=uuid4(), shares=[], done=False)
    async with databases.app.transaction(context) as session:
        assert await move_records(session, leaver, LOT, zone=ZONE) == 0


async def nothing_left(_session: Session, _leaver: HandOverRef, _limit: int) -> int:
    """Move nothing of what other tests may have left."""
    return 0


async def snapshots(databases: Databases, _: Context) -> None:
    """Keep the forecast of somebody who has none yet."""
    assert await SnapshotWork(databases.worker, zone=ZONE).work() == 1


ROUNDS: Mapping[str, Round] = {
    "overdue-stages": partial(daily, OverdueWork),
    "grading": partial(daily, GradingWork),
    "late-projects": partial(daily, DelayWork),
    "idle-opportunities": idle,
    "visit-series": partial(daily, SeriesWork),
    "quote-expiry": partial(daily, ExpiryWork),
    "overdue-instalments": partial(daily, InstalmentWork),
    "contract-ends": partial(daily, EndWork),
    "reminders": reminders,
    "collisions": collisions,
    "hand-overs": hand_overs,
    "forecast-snapshots": snapshots,
}
DUE: Mapping[str, tuple[str, ...]] = {
    "overdue-stages": ("ix_opportunities_stage_untold",),
    "grading": ("ix_opportunities_handling_overdue", "ix_opportunity_assessments_stale"),
    "late-projects": ("ix_projects_alert",),
    "idle-opportunities": ("ix_opportunities_quiet", "ix_opportunities_warned"),
    "visit-series": ("ix_visit_series_due",),
    "quote-expiry": ("ix_quotes_to_expire",),
    "overdue-instalments": ("ix_contract_instalments_untold",),
    "contract-ends": ("ix_contracts_end_untold",),
    "reminders": (
        "ix_visits_to_remind", "ix_visits_report_due", "ix_tasks_to_remind", "ix_tasks_due_untold",
    ),
    "collisions": (
        "ix_collisions_due", "ix_collisions_unanswered", "ix_collision_checks_waiting",
    ),
    "hand-overs": (
        "ix_hand_over_refs_due", "ix_projects_open", "ix_visit_series_running",
        "ix_visits_unreported",
    ),
    "forecast-snapshots": (),  # by one of two, as many as there are
}  # fmt: skip
"""Indexes of exactly what is due: what was told, or is over, is not read again each day."""
ONLY = {
    "ix_collision_checks_waiting": "kehu_app",
    "ix_hand_over_refs_due": "kehu_worker",
    "ix_projects_open": "kehu_app",
    "ix_visit_series_running": "kehu_app",
    "ix_visits_unreported": "kehu_app",
}
"""The others find both who has something to do, for the worker, and what that is."""


def test_every_work_is_looked_at(running: RunningService) -> None:
    names = {one.name for one in jobs(running.databases, running.settings, lambda: None)}
    assert names == ROUNDS.keys() | ELSEWHERE == DUE.keys() | ELSEWHERE


@pytest.mark.parametrize("name", ROUNDS)
async def test_no_round_reads_what_grows_from_end_to_end(
    running: RunningService, cluster: Cluster, context: Context, make_method: Make, name: str
) -> None:
    """Neither who has something to do nor what that is; statements are taken as they are sent."""
    await make_method()
    databases = running.databases
    with count_queries(databases.worker) as asked, count_queries(databases.app) as done:
        await ROUNDS[name](databases, context)
    url = cluster.superuser(running.settings.database_url)
    for role, sent in zip(ROLES, (asked, done), strict=True):
        plans = ""
        async with planner(url, role) as large:
            for statement, arguments in zip(sent.statements, sent.arguments, strict=True):
                if not BRACKET.match(statement):
                    whole = await large.whole(statement, *arguments)
                    assert whole <= SMALL, (statement, whole)
                    plans += str(await large.plan(statement, *arguments))
        wanted = [index for index in DUE[name] if ONLY.get(index, role) == role]
        missed = [index for index in wanted if f"'{index}'" not in plans]
        assert missed == [], (role, plans)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (assignment.UNKNOWN_INDUSTRIES, "ix_customer_refs_industry"),
        (assignment.UNKNOWN_CATEGORIES, "ix_products_category"),
    ],
    ids=["industries", "categories"],
)
async def test_a_word_of_a_rule_is_looked_up(
    running: RunningService, cluster: Cluster, statement: str, index: str
) -> None:
    """Not by reading all customers or products for each rule that is entered."""
    async with planner(cluster.superuser(running.settings.database_url), "kehu_app") as large:
        plan = str(await large.plan(statement, "t", ["钢铁", "纺织"]))
        sought = str(await large.sought(statement, "t", ["钢铁", "纺织"]))
    assert f"'Index Name': '{index}'" in plan, plan
    assert "= asked.word" in sought, sought
