"""How soon segments are right after customers changed, and how long a new rule takes (C7).

Measured from the event as the consumer gets it until its worker has settled it. A CRM that keeps
segments by a scheduled rebuild needs some 40 minutes for this (260,000 contacts, one segment).
"""

import time
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from bench.api import FILL, INDUSTRIES
from bench.servers import TENANT, Bench, connected, run, say
from bench.stats import Figure, Line, below
from kehu_contracts import examples
from kehu_contracts.customer import CustomerChanged
from kehu_customer.__main__ import SERVICE
from kehu_customer.segments import service
from kehu_customer.segments.changes import note_changes
from kehu_customer.segments.schemas import PreviewAsked, SegmentCreate
from kehu_customer.segments.service import Limits
from kehu_customer.segments.worker import SegmentWork, Sizes
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.process import Databases
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_kernel.testing.events import fact_of
from kehu_local.postgres import url_for

CUSTOMERS = 260_000
SEGMENTS = 50
CHANGES = 10
MARK = 2_000.0
ZONE = "Asia/Shanghai"
TODAY = date(2026, 11, 22)
LIMITS = Limits(deepest=5, largest=50, counted=10_000)

BEHAVIOUR = """
    INSERT INTO customer_behaviour (
        tenant_id, customer_id, contacts, last_contact_on, opportunities_open, opportunities_won,
        opportunities_lost, last_won_on, won_amounts, requests, requests_open
    )
    SELECT tenant_id, id, n % 20, DATE '2026-11-01' - n % 700, n % 3, n % 5, n % 2,
        DATE '2026-11-01' - n % 1500, jsonb_build_object('CNY', (n % 90000)::text), n % 4, n % 2
    FROM (SELECT tenant_id, id, abs(hashtext(id::text)) AS n FROM customers) AS drawn
"""


def segments(bench: Bench) -> list[Line]:
    """Let ten customers change, in rounds; preview and set up a segment beside."""
    count = 5_000 if bench.choice.quick else CUSTOMERS
    urls, new = bench.kept_database(SERVICE, f"bench_segments_{count}")
    if new:
        say(f"filling in {count:,} customers (kept for the next run)")
        admin = url_for(bench.cluster.admin_url, "postgres", urls.app.rpartition("/")[2])
        run(connected(admin, lambda connection: _fill(connection, count)))
    return run(_measure(urls, rounds=1 if bench.choice.quick else 5))


async def _fill(connection: Any, count: int) -> None:
    statement = FILL.format(industries=INDUSTRIES, count=count)
    await connection.execute(statement, TENANT, timeout=600)
    await connection.execute(BEHAVIOUR, timeout=600)
    await connection.execute("VACUUM ANALYZE customers", timeout=600)
    await connection.execute("VACUUM ANALYZE customer_behaviour", timeout=600)


async def _measure(urls: DatabaseUrls, *, rounds: int) -> list[Line]:
    databases = Databases(
        app=Database(urls.app, application_name="bench", statement_timeout=60.0),
        worker=Database(urls.worker, application_name="bench-worker"),
    )
    try:
        new = await _set_up(databases)
        previews = [await _preview(databases, number) for number in range(rounds)]
        settled = [await _settle(databases, number) for number in range(rounds)]
    finally:
        await databases.app.dispose()
        await databases.worker.dispose()
    size = f"{SEGMENTS} segments"
    lines = [
        below(Line(f"segments: {CHANGES} changes, {size}", "ms", Figure.of(settled)), MARK),
        below(Line("segments: preview", "ms", Figure.of(previews)), MARK),
    ]
    return [*lines, Line("segments: a new rule", "ms", Figure.of(new))] if new else lines


def _rule(number: int) -> dict[str, Any]:
    """Return one of the rules: each of another industry, and of other behaviour."""
    industry = f"industry-{number % INDUSTRIES}"
    parts: Sequence[dict[str, Any]] = (
        {"test": "one_of", "fact": "industry", "values": [industry]},
        {
            "test": "between",
            "fact": "contacts",
            "at_least": str(number % 20),
            "below": str(number % 20 + 1),
        },
        {
            "test": "any",
            "of": [
                {"test": "days_ago", "fact": "last_contact_on", "at_least": 90, "below": None},
                {"test": "reachable", "by": ["email", "mobile"]},
            ],
        },
    )
    return {"test": "all", "of": list(parts)}


async def _set_up(databases: Databases) -> list[float]:
    """Set up the segments that are not there; return how long each took to be right."""
    took = []
    context = Context(tenant_id=TENANT, actor="bench")
    async with databases.app.transaction(context) as session:
        there = {row["code"] for row in await session.fetch("SELECT code FROM segments")}
    for number in range(SEGMENTS):
        if f"S{number}" in there:
            continue
        names = {"name_zh": "甲", "name_en": "A", "kind": "dynamic"}
        data = SegmentCreate.model_validate({"code": f"S{number}", "rule": _rule(number)} | names)
        began = time.perf_counter()
        async with databases.app.transaction(context) as session:
            await service.create_segment(session, data, today=TODAY, limits=LIMITS)
        await _work(databases)
        took.append((time.perf_counter() - began) * 1000)
    say(f"segments: {len(took)} set up")
    return took


async def _preview(databases: Databases, number: int) -> float:
    asked = PreviewAsked.model_validate({"rule": _rule(number)})
    began = time.perf_counter()
    async with databases.app.transaction(Context(tenant_id=TENANT, actor="bench")) as session:
        await service.preview(session, asked, today=TODAY, limits=LIMITS)
    return (time.perf_counter() - began) * 1000


async def _settle(databases: Databases, number: int) -> float:
    """Change ten customers and return how long it takes until every segment is right, in ms."""
    async with databases.app.transaction(Context(tenant_id=TENANT, actor="bench")) as session:
        rows = await session.fetch(
            "UPDATE customers SET industry = $2 WHERE tenant_id = $1 AND id IN ("
            "SELECT id FROM customers WHERE tenant_id = $1 ORDER BY id OFFSET $3 LIMIT $4"
            ") RETURNING id",
            TENANT,
            f"industry-{number % INDUSTRIES}",
            number * CHANGES,
            CHANGES,
        )
    facts = [_changed(row["id"]) for row in rows]
    began = time.perf_counter()
    async with databases.worker.worker_transaction() as session:
        await note_changes(session, facts, zone=ZONE)
    await _work(databases)
    return (time.perf_counter() - began) * 1000


def _changed(customer_id: UUID) -> Any:
    event = CustomerChanged.from_bytes(examples.load(CustomerChanged.type)[0].data)
    changed = ["industry", "contacts", "last_contact_on"]  # so that every segment is asked
    event = event.model_copy(update={"customer_id": customer_id, "changed": changed})
    return fact_of(event, TENANT, sequence=2)


async def _work(databases: Databases) -> None:
    work = SegmentWork(databases, ZONE, lambda: None, sizes=Sizes(200, 20_000))
    while await work.work():
        pass
