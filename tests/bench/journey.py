"""End to end on the whole system: from a command's answer to the customer in analytics."""

import asyncio
import os
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from bench.api import NEW_CUSTOMER_BODY
from bench.duel import authorised
from bench.load import Load, Plan, Report
from bench.profiling import spied
from bench.servers import TENANT, Bench, run, say
from bench.stats import Figure, Line, at_least, below, percentile
from kehu_local.issuer import mint_token
from kehu_local.postgres import url_for
from kehu_local.testing import System, running_system

COMMANDS = 200
MARK_P50, MARK_P99 = 100.0, 500.0  # milliseconds
LOOK_EVERY = 0.01  # seconds; looking costs the system that is measured
GIVE_UP = 30.0
ID = b'"id":"'
PROFILED = ("gateway", "customer", "sales", "analytics")
VISIBLE = "SELECT id FROM customer_facts WHERE tenant_id = $1 AND id = ANY($2)"


@dataclass(slots=True)
class Ways:
    """Customers on their way: answered at which moment, and how long it took (milliseconds)."""

    waiting: dict[UUID, float] = field(default_factory=dict)
    taken: list[tuple[float, float]] = field(default_factory=list)

    def answered(self, moment: float, body: bytes) -> None:
        """Note that a customer was created."""
        place = body.find(ID) + len(ID)
        self.waiting[UUID(body[place : place + 36].decode())] = moment

    async def watch(self, connection: Any) -> None:
        """Look again and again which customers analytics has."""
        while True:
            if self.waiting:
                rows = await connection.fetch(VISIBLE, TENANT, list(self.waiting))
                now = time.time()
                for row in rows:
                    moment = self.waiting.pop(row["id"])
                    self.taken.append((moment, (now - moment) * 1000))
            await asyncio.sleep(LOOK_EVERY)


def journey(bench: Bench) -> list[Line]:
    """Start everything, create customers at a steady rate, watch them arrive."""
    home = bench.folder / "system"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    os.environ["KEHU_TEST_BROKER"] = "apache" if bench.choice.apache else "embedded"
    say("end to end: starting the whole system")
    with running_system(home) as system:
        return _lines(bench, system)


def _lines(bench: Bench, system: System) -> list[Line]:
    config = system.config
    token = mint_token(config, tenant=TENANT, subject="bench", roles=["administrator"])
    wanted = authorised("POST", "/api/customer/v1/customers", token, body=NEW_CUSTOMER_BODY)
    seconds = 3.0 if bench.choice.quick else 10.0
    plan = Plan(config.gateway_port, [wanted], seconds=seconds, warmup=3.0, rate=COMMANDS)
    analytics = url_for(config.admin_url, "kehu_worker", "kehu_analytics")
    medians, slowest, rates = [], [], []
    for number in range(1 if bench.choice.quick else 3):
        report, ways = run(_round(plan, analytics))
        medians.append(percentile(ways, 0.50))
        slowest.append(percentile(ways, 0.99))
        rates.append(report.per_second)
        say(
            f"end to end, round {number + 1}: {report.per_second:.0f} commands/s answered "
            f"(p99 {report.p99:.0f} ms), visible after p50 {medians[-1]:.0f} ms, "
            f"p99 {slowest[-1]:.0f} ms"
        )
    if bench.choice.profile:
        with ExitStack() as stack:
            for one in system.supervisor.running():
                if one.name in PROFILED:
                    stack.enter_context(spied(bench, f"e2e {one.name}", one))
            run(_round(plan, analytics))
    name = f"end to end at {COMMANDS} commands/s"
    answered = Line(f"{name}, answered", "req/s", Figure.of(rates))
    return [
        below(Line(f"{name}, p50", "ms", Figure.of(medians)), MARK_P50),
        below(Line(f"{name}, p99", "ms", Figure.of(slowest)), MARK_P99),
        at_least(answered, 0.98 * COMMANDS),
    ]


async def _round(plan: Plan, analytics: str) -> tuple[Report, list[float]]:
    """Return what the load saw and, in order, how long the counted customers took."""
    ways = Ways()
    connection = await asyncpg.connect(analytics)
    watching = asyncio.create_task(ways.watch(connection))
    try:
        began = time.time() + plan.warmup
        report = await Load(plan, ways.answered).run()
        deadline = time.monotonic() + GIVE_UP
        while ways.waiting and time.monotonic() < deadline:  # noqa: ASYNC110 - `watch` empties it
            await asyncio.sleep(0.05)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await connection.close()
    if ways.waiting:
        raise TimeoutError(f"{len(ways.waiting)} customers never came to analytics")
    return report, sorted(took for moment, took in ways.taken if moment >= began)
