"""Looking for what should be gone: some words, in every column of every table of a database."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from kehu_contracts.erasure import ErasureOrdered
from kehu_kernel.db import Database
from kehu_kernel.erasure import ANSWERS, LAST_ANSWER, PLUMBING, ErasureWork
from kehu_kernel.records import Fact
from kehu_kernel.testing.events import fact_of
from kehu_kernel.testing.plans import nodes, planner

TABLES = """
    SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
    AND c.data_type IN ('text', 'jsonb', 'json', 'bytea', 'ARRAY', 'character varying')
    AND EXISTS (
        SELECT FROM information_schema.columns k
        WHERE k.table_schema = 'public' AND k.table_name = c.table_name
        AND k.column_name = 'tenant_id'
    ) ORDER BY 1, 2
"""


async def traces(url: str, tenant: str, words: Sequence[str]) -> dict[str, int]:
    """Return in which columns of the tenant any of the words occurs, and in how many rows.

    `url` is a superuser's, past row-level security. Bytes are searched as UTF-8.
    """
    connection = await asyncpg.connect(url)
    found: dict[str, int] = {}
    try:
        for table, column, kind in await connection.fetch(TABLES):
            place = (
                f"convert_from(\"{column}\", 'UTF8')" if kind == "bytea" else f'"{column}"::text'
            )
            if (table, column) in HASHES:
                continue
            query = (
                f'SELECT count(*) FROM "{table}" WHERE tenant_id = $1 AND EXISTS ('  # noqa: S608
                f"SELECT FROM unnest($2::text[]) AS word WHERE strpos({place}, word) > 0)"
            )
            count = await connection.fetchval(query, tenant, list(words))
            if count:
                found[f"{table}.{column}"] = count
    finally:
        await connection.close()
    return found


HASHES = {
    ("audit_log", "salt"),
    ("audit_log", "digest"),
    ("audit_seals", "entries"),
    ("audit_seals", "previous"),
    ("audit_seals", "hash"),
    ("idempotency_keys", "fingerprint"),
}
"""Columns that hold hashes: no text, and none can be made of them."""


def order_of(tenant: str, *subject_ids: UUID) -> Fact:
    """Return the fact that the erasure of a person was ordered."""
    event = ErasureOrdered(
        erasure_id=uuid4(), subject_ids=list(subject_ids), legal_basis="request", state="ordered"
    )
    return fact_of(event, tenant, sequence=1)


async def published(worker: Database) -> None:
    """Mark every event as sent, as the relay does when the broker has it."""
    async with worker.worker_transaction() as session:
        await session.fetch("UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL")


async def carry_out(work: ErasureWork, worker: Database) -> None:
    """Let a service carry out what was ordered; the relay publishes meanwhile."""
    await work.work()
    await published(worker)
    await work.work()


READ_ANYHOW = {
    "erased_subjects",  # by the erasure's id
    "parked_events",  # only what went wrong is there
}


async def reads_of_whole_tables(work: ErasureWork, url: str) -> set[str]:
    """Return what an erasure reads from end to end, or a tenant's part of it, with the statement.

    `url` is a superuser's. The tables may be empty: a sequential scan is only planned where no
    index would do. What waits for the relay is little, however it is read.
    """
    known: dict[str, tuple[object, ...]] = {
        LAST_ANSWER: ("nobody", "", "", 9),
        ANSWERS: ("nobody", uuid4(), "", "", "", ""),
    }
    statements = [one for _, one in work.statements()] + [*PLUMBING.values(), *known]
    found = set[str]()
    async with planner(url, "kehu_worker") as worker:
        for statement in statements:
            plan = await worker.plan(statement, *known.get(statement, ("nobody", uuid4())))
            found |= {
                f"{node['Relation Name']}: {statement}"
                for node in nodes(plan)
                if node.get("Relation Name", "erased_subjects") not in READ_ANYHOW
                and _reads_all(node)
            }
    return found


def _below(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what an index finds for a node; what is looked up before it stands for itself."""
    return [one for one in node["Plans"] if one.get("Parent Relationship") != "InitPlan"]


def _reads_all(node: dict[str, Any]) -> bool:
    """Whether a node looks at every row of a table, at least of the tenant's."""
    kind = node["Node Type"]
    if kind == "Seq Scan":
        return True
    if kind in {"Bitmap Heap Scan", "BitmapOr"}:
        return any(_reads_all(one) for one in _below(node))
    if kind == "BitmapAnd":  # reads what all of its indexes find
        return all(_reads_all(one) for one in _below(node))
    if kind not in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}:
        return False
    by = re.sub(r"\(tenant_id = [^)]*\)", "", node.get("Index Cond", ""))
    return re.search("[a-z_]{2}", by) is None
