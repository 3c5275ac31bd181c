"""Filling a database with companies (`companies.py`), with their match keys and search terms."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from bench.companies import Company, companies
from bench.servers import TENANT, say
from kehu_customer.duplicates.keys import Subject, keys_of
from kehu_customer.search.index import document_of
from kehu_customer.search.terms import Party, Source

LOT = 5_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = date(2026, 11, 1)
PROCESSES = 3

AGGREGATE = ("tenant_id", "id", "version", "created_at", "updated_at")
CUSTOMERS = (
    *AGGREGATE, "kind", "code", "name", "roles", "state", "industry", "country", "source",
    "created_on", "promoted_on", "ended_on", "end_reason",
)  # fmt: skip
CONTACTS = (*AGGREGATE, "customer_id", "name", "is_primary", "active")
POINTS = (
    *AGGREGATE, "customer_id", "contact_id", "kind", "purpose", "value", "normalised",
    "is_primary", "active",
)  # fmt: skip
TABLES = ("customers", "contacts", "contact_points", "match_keys", "search_documents")
INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = ANY($1) AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
KEYS = "ALTER TABLE match_keys {} CONSTRAINT pk_match_keys {}"


def fill(url: str, count: int) -> None:
    """Fill in so many customers of the tenant `bench`; `url` is the administrator's."""
    later = asyncio.run(_indexes(url))  # quicker made when the rows are there
    asyncio.run(_run(url, KEYS.format("DROP", ""), *(f"DROP INDEX {name}" for name in later)))
    lots = [(url, begin, min(begin + LOT, count)) for begin in range(0, count, LOT)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for done, _ in enumerate(pool.imap_unordered(_fill_lot, lots), start=1):
            if done % 20 == 0:
                say(f"{done * LOT:,} of {count:,}")
    keys = KEYS.format("ADD", "PRIMARY KEY (tenant_id, kind, key, customer_id)")
    asyncio.run(_run(url, "SET maintenance_work_mem = '1GB'", keys, *later.values()))
    asyncio.run(_run(url, *(f"VACUUM ANALYZE {table}" for table in TABLES)))


async def _indexes(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        return {row[0]: row[1] for row in await connection.fetch(INDEXES, TABLES)}
    finally:
        await connection.close()


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=3600)
    finally:
        await connection.close()


def _fill_lot(lot: tuple[str, int, int]) -> None:
    url, begin, end = lot
    asyncio.run(_copy(url, list(companies(begin, end))))


async def _copy(url: str, some: list[Company]) -> None:
    connection = await asyncpg.connect(url)
    try:
        # References are right by making; to check each would take longer than all the rest.
        await connection.execute("SET session_replication_role = replica")
        for table, columns, rows in _tables(some):
            await connection.copy_records_to_table(
                table, columns=columns, records=rows, timeout=600
            )
    finally:
        await connection.close()


def _tables(some: list[Company]) -> Iterator[tuple[str, tuple[str, ...], list[Any]]]:
    yield "customers", CUSTOMERS, [_customer(one) for one in some]
    yield "contacts", CONTACTS, [
        (TENANT, one.contact_id, 1, NOW, NOW, one.id, one.contact, True, True)
        for one in some if one.contact_id
    ]  # fmt: skip
    yield "contact_points", POINTS, [point for one in some for point in _points(one)]
    yield "match_keys", ("tenant_id", "kind", "key", "customer_id"), [
        (TENANT, key.kind.value, key.key, one.id)
        for one in some for key in keys_of(Subject(one.kind, one.name))
    ]  # fmt: skip
    yield "search_documents", ("tenant_id", "customer_id", "terms", "name", "sound"), [
        (TENANT, one.id, *document_of(TENANT, _source(one))) for one in some
    ]  # fmt: skip


def _customer(one: Company) -> tuple[Any, ...]:
    ended = one.state == "former"
    return (
        TENANT, one.id, 1, NOW, NOW, one.kind, one.code, one.name, ["merchant"], one.state,
        one.industry, "CN", "referral", DAY, None if one.state == "prospect" else DAY,
        DAY if ended else None, "closed" if ended else None,
    )  # fmt: skip


def _points(one: Company) -> Iterator[tuple[Any, ...]]:
    whose = (None, one.contact_id) if one.contact_id else (one.id, None)
    kinds = [("mobile", one.mobile), ("email", one.email)]
    for place, (kind, value) in enumerate(kinds):
        key = one.id.int ^ (place + 1)
        yield (
            TENANT, type(one.id)(int=key), 1, NOW, NOW, *whose, kind, "work", value, value, True,
            True,
        )  # fmt: skip
    if one.address:
        yield (
            TENANT, type(one.id)(int=one.id.int ^ 3), 1, NOW, NOW, one.id, None, "address", "work",
            one.address, one.address, True, True,
        )  # fmt: skip


def _source(one: Company) -> Source:
    numbers = {"phones": (one.mobile,), "emails": (one.email,)}
    of_contact = one.contact_id is not None
    addresses = (one.address,) if one.address else ()
    return Source(
        one.kind,
        Party(one.name, addresses=addresses, **({} if of_contact else numbers)),
        code=one.code,
        contacts=(Party(one.contact, **numbers),) if of_contact else (),
    )
