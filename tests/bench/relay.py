"""The relay: how much it publishes, and how soon what was committed is on the topic."""

import asyncio
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.api import MODULE, PREFIX, new_customer
from bench.load import Plan, Report, drive
from bench.profiling import profiled
from bench.servers import TENANT, Bench, connected, run, say
from bench.stats import Figure, Line, at_least, below, percentile
from kehu_contracts.customer import CustomerChanged
from kehu_contracts.examples import load
from kehu_contracts.topics import CUSTOMER
from kehu_customer.__main__ import SERVICE
from kehu_kernel.broker import ensure_topics
from kehu_kernel.relay import BATCH
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import url_for

WAITING = 100_000
MARK_RATE = 10_000
MARK_SECONDS = 100.0  # milliseconds
COMMANDS = 200
DEADLINE = 300.0

FILL = """
INSERT INTO outbox
    (tenant_id, event_id, topic, key, type, sequence, occurred_at, actor, traceparent, payload)
SELECT $1, gen_random_uuid(), $2, key, $3, 1, now(), 'tester',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    convert_to(replace($4, $5, key), 'UTF8')
FROM (SELECT gen_random_uuid()::text AS key FROM generate_series(1, $6)) AS keys
"""
SENT = """
SELECT extract(epoch FROM max(sent_at) - min(sent_at))::float8 FROM outbox
HAVING count(*) = count(sent_at)
"""


def relay(bench: Bench) -> list[Line]:
    """A backlog first, then a steady stream of commands."""
    urls = bench.fresh_database(SERVICE, "bench_relay")
    run(ensure_topics(bench.broker().bootstrap, SERVICE.name))
    return [*_backlog(bench, urls), *_stream(bench, urls)]


def _backlog(bench: Bench, urls: DatabaseUrls) -> list[Line]:
    count = 20_000 if bench.choice.quick else WAITING
    ours, floor = [], []
    for number in range(1 if bench.choice.quick else 3):
        ours.append(_publish_all(bench, urls, count, floor=False, profile=not number))
        floor.append(_publish_all(bench, urls, count, floor=True))
        say(f"relay, round {number + 1}: ours {ours[-1]:,.0f}/s, floor {floor[-1]:,.0f}/s")
    here, there = Figure.of(ours), Figure.of(floor)
    line = at_least(Line("relay", "events/s", here, there, detail={"backlog": count}), MARK_RATE)
    return [line]


def _publish_all(
    bench: Bench, urls: DatabaseUrls, count: int, *, floor: bool, profile: bool = False
) -> float:
    """Publish a backlog; return the events per second between the first and the last batch."""
    run(connected(_admin(bench, urls), lambda one: _fill(one, count)))
    if floor:
        command = [sys.executable, "-m", "bench.relaying"]
        running = bench.start(command, _floor_environment(bench, urls))
        try:
            took = _wait_until_sent(bench, urls)
        finally:
            running.stop()
    else:
        with bench.service(MODULE, "relay", urls, prefix=PREFIX) as running:
            if profile:
                with profiled(bench, "relay", running):
                    _wait_until_sent(bench, urls)
                run(connected(_admin(bench, urls), lambda one: _fill(one, count)))
            took = _wait_until_sent(bench, urls)
    return (count - BATCH) / took


def _wait_until_sent(bench: Bench, urls: DatabaseUrls) -> float:
    deadline = time.monotonic() + DEADLINE
    while True:
        took = run(connected(_admin(bench, urls), lambda one: one.fetchval(SENT)))
        if took is not None:
            return float(took)
        if time.monotonic() > deadline:
            raise TimeoutError("the outbox was not published")
        time.sleep(0.5)


def _stream(bench: Bench, urls: DatabaseUrls) -> list[Line]:
    """Commands arrive; each event's way takes from its transaction's start to a consumer."""
    run(connected(_admin(bench, urls), lambda one: one.execute("TRUNCATE outbox")))
    rounds = 1 if bench.choice.quick else 3
    seconds = 3.0 if bench.choice.quick else 8.0
    medians, slowest = [], []
    with (
        bench.service(MODULE, "api", urls, prefix=PREFIX) as api,
        bench.service(MODULE, "relay", urls, prefix=PREFIX),
    ):
        plan = Plan(api.port, [new_customer(bench)], seconds=seconds, warmup=2.0, rate=COMMANDS)
        for number in range(rounds):
            report, ways = run(_watched(bench, urls, plan))
            medians.append(percentile(ways, 0.50))
            slowest.append(percentile(ways, 0.99))
            say(
                f"relay, stream {number + 1}: {report.per_second:.0f} commands/s, "
                f"{len(ways)} events, p50 {medians[-1]:.0f} ms, p99 {slowest[-1]:.0f} ms"
            )
    name = f"relay at {COMMANDS} commands/s"
    return [
        Line(f"{name}, p50", "ms", Figure.of(medians)),
        below(Line(f"{name}, p99", "ms", Figure.of(slowest)), MARK_SECONDS),
    ]


async def _watched(bench: Bench, urls: DatabaseUrls, plan: Plan) -> tuple[Report, list[float]]:
    """Drive the load and listen to the topic; return the events' ways in order, milliseconds."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bench.broker().bootstrap, enable_auto_commit=False
    )
    await consumer.start()
    places = [TopicPartition(CUSTOMER.name, number) for number in range(CUSTOMER.partitions)]
    consumer.assign(places)
    await consumer.seek_to_end(*places)
    for place in places:
        await consumer.position(place)
    arrived: dict[UUID, float] = {}
    try:
        driving = asyncio.create_task(asyncio.to_thread(drive, plan))
        while not driving.done():
            await _hear(consumer, arrived)
        deadline = time.monotonic() + 1.0  # the last events are still on their way
        while time.monotonic() < deadline:
            await _hear(consumer, arrived)
        report = await driving
    finally:
        await consumer.stop()
    written = await connected(urls.worker, _written)
    counted = time.time() - plan.seconds - 2.0  # not the start of the load generator
    ways = [
        (moment - written[one].timestamp()) * 1000
        for one, moment in arrived.items()
        if one in written and written[one].timestamp() > counted
    ]
    return report, sorted(ways)


async def _hear(consumer: AIOKafkaConsumer, arrived: dict[UUID, float]) -> None:
    fetched = await consumer.getmany(timeout_ms=100)
    now = time.time()
    for records in fetched.values():
        for record in records:
            arrived[UUID(dict(record.headers)["ce_id"].decode())] = now


async def _written(connection: Any) -> dict[UUID, datetime]:
    rows = await connection.fetch("SELECT event_id, created_at FROM outbox")
    return {row["event_id"]: row["created_at"] for row in rows}


async def _fill(connection: Any, count: int) -> None:
    example = CustomerChanged.from_bytes(load(CustomerChanged.type)[0].data)
    data = example.to_bytes().decode()
    await connection.execute("TRUNCATE outbox")
    await connection.execute(
        FILL, TENANT, CUSTOMER.name, example.type, data, example.aggregate_id, count
    )
    await connection.execute("VACUUM ANALYZE outbox")


def _admin(bench: Bench, urls: DatabaseUrls) -> str:
    return url_for(bench.cluster.admin_url, "postgres", urls.app.rpartition("/")[2])


def _floor_environment(bench: Bench, urls: DatabaseUrls) -> Mapping[str, str]:
    return {"BENCH_DATABASE_URL": urls.worker, "BENCH_BOOTSTRAP": bench.broker().bootstrap}
