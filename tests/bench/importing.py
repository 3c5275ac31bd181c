"""How many rows of a file become customers per second, beside the same rows written without rules.

Ours is the worker as it runs in production: reading, checking, comparing, entering, with events and
audit entries. The floor writes the very rows that came of it into the same tables of an empty
database, in the same batches: prepared documents, no rules, nothing looked up. Constraints,
policies and triggers are those of both.
"""

import csv
import io
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from bench.companies import companies
from bench.servers import TENANT, Bench, run, say
from bench.stats import Figure, Line, at_least
from kehu_customer.__main__ import SERVICE
from kehu_customer.custom_fields import service as fields
from kehu_customer.custom_fields.schemas import FieldCreate
from kehu_customer.imports import service
from kehu_customer.imports.models import Import
from kehu_customer.imports.schemas import ImportCreate, MappingReplace
from kehu_customer.imports.worker import ImportWork
from kehu_customer.settings import Settings
from kehu_kernel.context import Context
from kehu_kernel.db import Database, require
from kehu_kernel.process import Databases, collect_garbage_seldom
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_local.postgres import url_for

ROWS, QUICK = 50_000, 2_000
TOLD_EVERY = 50_000
"""Rows after which a long import says how it goes."""
FLOOR_ROWS = 50_000
"""How many customers the floor writes at most: it does the same for each."""
MARK = 5_000.0
PART = 1_000_000
CONTEXT = Context(tenant_id=TENANT, actor="bench")
MEANINGS = {
    "客户名称": "name", "类型": "kind", "编码": "code", "手机": "mobile", "邮箱": "email",
    "行业": "industry", "口味": "custom.taste",
}  # fmt: skip
GIVEN = ("custom_fields", "imports")
"""What is there before the first row."""
BOUND = {
    "customers": "id", "custom_entries": "customer_id", "match_keys": "customer_id",
    "contact_points": "customer_id", "duplicate_pairs": "second_id",
}  # fmt: skip
"""Tables with a column by which a row goes with its customer."""
LOOSE = {"import_rows": "number", "outbox": "id", "audit_log": "id"}
"""Tables that refer to no customer, and what they are in the order of."""
LAST = """
    SELECT id FROM (SELECT id FROM customers WHERE id > $1 ORDER BY id LIMIT $2) AS lot
    ORDER BY id DESC LIMIT 1
"""
COLUMNS = """
    SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
    WHERE table_name = $1 AND table_schema = 'public'
        AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
"""
BIND = (
    f"SELECT set_config('kehu.tenant', '{TENANT}', true), set_config('kehu.row_scope', 'all', true)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One import: how long it took, what it cost, and how much memory it needed."""

    created: int
    seconds: float
    ours: float
    """Processor seconds of the worker."""
    database: float
    """Processor seconds of PostgreSQL: its session, and who writes its log."""
    memory: int
    """Bytes that the worker grew by while it worked."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What it took to write the same rows: seconds, and PostgreSQL's processor seconds."""

    seconds: float
    database: float
    share: float
    """How much of the rows it wrote."""


def imports(bench: Bench) -> list[Line]:
    """Import a file once into an empty database, and write its rows into another."""
    rows = _rows(bench)
    collect_garbage_seldom()  # as the worker's process does
    ours = bench.fresh_database(SERVICE, "bench_import")
    bare = bench.fresh_database(SERVICE, "bench_import_floor")
    found = run(import_file(ours, rows))
    say(
        f"import: {rows:,} rows, {found.created:,} customers in {found.seconds:,.1f} s; per row "
        f"{found.ours / rows * 1e6:,.0f} us of the worker, {found.database / rows * 1e6:,.0f} us "
        f"of PostgreSQL; memory +{found.memory / 2**20:,.0f} MiB"
    )
    names = [one.app.rpartition("/")[2] for one in (ours, bare)]
    admin = [url_for(bench.cluster.admin_url, "postgres", name) for name in names]
    floor = run(_floor(admin, bare.app, Settings.model_construct().import_batch))
    detail = {
        "rows": rows, "created": found.created, "worker_us": found.ours / rows * 1e6,
        "database_us": found.database / rows * 1e6, "memory_bytes": found.memory,
    }  # fmt: skip
    speed = Line(
        f"import of {rows:,}", "rows/s", Figure.of([rows / found.seconds]),
        Figure.of([rows * floor.share / floor.seconds]), detail=detail,
    )  # fmt: skip
    return [
        at_least(speed, MARK),
        Line(
            "import, processor time, and PostgreSQL's of the floor",
            "us/row",
            Figure.of([(found.ours + found.database) / rows * 1e6]),
            Figure.of([floor.database / (rows * floor.share) * 1e6]),
        ),
        Line("import, memory of the worker", "MiB", Figure.of([found.memory / 2**20])),
    ]


def _rows(bench: Bench) -> int:
    if os.environ.get("ROWS"):
        return bench.choice.rows
    return QUICK if bench.choice.quick else ROWS


async def import_file(urls: DatabaseUrls, rows: int) -> Run:
    """Upload a file with so many made-up companies, and let the worker import it."""
    settings = Settings.model_construct()
    databases = Databases(
        app=Database(urls.app, application_name="bench", pool_size=2),
        worker=Database(urls.worker, application_name="bench-worker", pool_size=1),
    )
    try:
        job_id = await _prepare(databases.app, rows)
        work = ImportWork(
            databases, lambda: None, batch=settings.import_batch, attempts=1,
            time_zone="Asia/Shanghai", currency="CNY",
        )  # fmt: skip
        return await _work(databases.app, work, job_id)
    finally:
        await databases.app.dispose()
        await databases.worker.dispose()


async def _prepare(database: Database, rows: int) -> UUID:
    """Define a custom field, upload the file part by part and say that it is to run."""
    names = {"code": "taste", "name_zh": "口味", "name_en": "Taste", "type": "text"}
    async with database.transaction(CONTEXT) as session:
        await fields.create_field(session, FieldCreate.model_validate(names | {"indexed": True}))
        job = await service.set_up(session, ImportCreate.model_validate({}))
        job_id = job.id
    for number, part in enumerate(_parts(rows), 1):
        async with database.transaction(CONTEXT) as session:
            await service.put_part(session, job_id, number, part, most_bytes=2**40)
    async with database.transaction(CONTEXT) as session:
        version = (await require(session, Import, job_id)).version
        mapping = MappingReplace.model_validate({"columns": MEANINGS})
        await service.map_columns(session, job_id, mapping, headers=None, expected_version=version)
        await service.run(session, job_id, expected_version=None)
    return job_id


def _parts(rows: int) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(MEANINGS)
    for one in companies(0, rows):
        kind = "个人" if one.kind == "person" else "企业"
        email = f"{one.number}.{one.email}" if one.email.endswith("@qq.com") else one.email
        writer.writerow(
            [one.name, kind, one.code, one.mobile[3:], email, one.industry, f"味{one.number % 500}"]
        )
        if text.tell() > PART // 3:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


async def _work(database: Database, work: ImportWork, job_id: UUID) -> Run:
    async with database.transaction(CONTEXT) as session:
        (own,) = await session.fetch("SELECT pg_backend_pid() AS pid")
    server, worker = psutil.Process(own["pid"]).parents()[0], psutil.Process()
    before, most = worker.memory_info().rss, 0
    cpu, database_cpu = _cpu(worker), _cpu_of_children(server)
    began = time.perf_counter()
    legs = _Legs(server, worker, before)
    while await work.work():
        now = worker.memory_info().rss
        most = max(most, now)
        await legs.tell(database, job_id)
    seconds = time.perf_counter() - began
    async with database.transaction(CONTEXT) as session:
        job = await require(session, Import, job_id)
    if job.state != "completed":
        raise RuntimeError(f"the import is {job.state}: {job.failure}")
    return Run(
        job.created,
        seconds,
        _cpu(worker) - cpu,
        _cpu_of_children(server) - database_cpu,
        most - before,
    )


class _Legs:
    """Says after every 50,000 rows how they went: an import that slows down or grows shows it."""

    def __init__(self, server: psutil.Process, worker: psutil.Process, memory: int) -> None:
        self._server, self._worker, self._memory = server, worker, memory
        self._rows, self._batches = 1, 0
        self._mark()

    def _mark(self) -> None:
        self._began = time.perf_counter()
        self._cpu, self._database_cpu = _cpu(self._worker), _cpu_of_children(self._server)

    async def tell(self, database: Database, job_id: UUID) -> None:
        """Say how the rows since the last time went, if there were enough."""
        self._batches += 1
        if self._batches % 20:
            return
        async with database.session(CONTEXT, read_only=True) as session:
            position = (await require(session, Import, job_id)).position
        rows = position - self._rows
        if rows < TOLD_EVERY:
            return
        worker, server = _cpu(self._worker), _cpu_of_children(self._server)
        grown = (self._worker.memory_info().rss - self._memory) / 2**20
        say(
            f"import: row {position:,}: {rows / (time.perf_counter() - self._began):,.0f} rows/s; "
            f"per row {(worker - self._cpu) / rows * 1e6:,.0f} us of the worker, "
            f"{(server - self._database_cpu) / rows * 1e6:,.0f} us of PostgreSQL; "
            f"memory +{grown:,.0f} MiB"
        )
        self._rows = position
        self._mark()


def _cpu_of_children(server: psutil.Process) -> float:
    return sum(_cpu(one) for one in server.children())


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _floor(admin: Sequence[str], target: str, batch: int) -> Floor:
    """Write what an import made into an empty database; return what writing took.

    `admin` are the administrator's addresses of the database to read and of the one to fill,
    `target` is the application's.
    """
    reader, filler = [await asyncpg.connect(one) for one in admin]
    writer = await asyncpg.connect(target)
    backend = psutil.Process(writer.get_server_pid())
    before = _cpu(backend)
    try:
        for table in GIVEN:
            await filler.execute(*await _document(reader, table, "true"))
        sizes = {one: await reader.fetchval(f"SELECT count(*) FROM {one}") for one in LOOSE}
        customers = await reader.fetchval("SELECT count(*) FROM customers")
        lots = -(-customers // batch)
        seconds, after = 0.0, UUID(int=0)
        written = min(lots, FLOOR_ROWS // batch)
        for number in range(written):
            last = await reader.fetchval(LAST, after, batch)
            lot = [
                await _document(reader, table, f"{key} > $1 AND {key} <= $2", after, last)
                for table, key in BOUND.items()
            ]
            for table, key in LOOSE.items():
                size = -(-sizes[table] // lots)
                place = f"true ORDER BY {key} LIMIT {size} OFFSET {number * size}"
                lot.append(await _document(reader, table, place))
            seconds += await _write(writer, lot)
            after = last
        return Floor(seconds, _cpu(backend) - before, written / lots)
    finally:
        for one in (reader, filler, writer):
            await one.close()


async def _document(reader: Any, table: str, where: str, *arguments: object) -> tuple[str, str]:
    """Return the statement that writes some rows of a table, and the rows as its document."""
    columns = await reader.fetchval(COLUMNS, table)
    found = await reader.fetchval(
        f"SELECT coalesce(json_agg(r), '[]')::text "
        f"FROM (SELECT {columns} FROM {table} WHERE {where}) AS r",
        *arguments,
    )
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} "
        f"FROM json_populate_recordset(NULL::{table}, $1::text::json)",
        found,
    )


async def _write(writer: Any, lot: Sequence[tuple[str, str]]) -> float:
    began = time.perf_counter()
    async with writer.transaction():
        await writer.execute(BIND)
        for sql, document in lot:
            await writer.execute(sql, document)
    return time.perf_counter() - began
