"""No revision holds up the whole application: one that locks a table in use locks no other.

A lock on a second table would be waited for while the first one is held, and everybody who needs
the first one waits along; two that take them in another order end in a deadlock. The revisions are
run, and the database is asked what each one holds: however a lock came, it is seen.
"""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic import context
from sqlalchemy import Connection, text

from kehu_contracts.topics import SERVICES
from kehu_kernel import migrations
from kehu_kernel.testing.cluster import Cluster

TABLES = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind IN ('r', 'p') AND relname <> 'alembic_version'"
)
HELD = text(
    "SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
    "WHERE l.pid = pg_backend_pid() AND c.relname = ANY (:known) AND l.mode IN "
    "('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')"
)
RELEASED = {
    "analytics": {"2026112320"},
    "customer": {
        "2026112231", "2026112280", "2026112290", "2026112292", "2026112294", "2026112302",
        "2026112320",
    },
    "marketing": {"2026112320"},
    "sales": {
        "2026112320", "2026112401", "2026112402", "2026112410", "2026112420", "2026112433",
        "2026112499",
    },
    "service-desk": {"2026112320"},
}  # fmt: skip
"""They did, and are what they are. Nothing is added here."""


def _holds_up(locks: list[tuple[str, str]]) -> bool:
    """Whether readers of a table wait for another table's sake.

    A new table's references alone lock several, but only writers wait, and for no longer than it
    takes to create it.
    """
    readers_wait = any(mode == "AccessExclusiveLock" for _, mode in locks)
    return readers_wait and len({table for table, _ in locks}) > 1


@pytest.mark.parametrize("slug", SERVICES)
async def test_a_revision_that_locks_a_table_in_use_locks_no_other(
    slug: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: set[str] = set()
    held: dict[str, list[tuple[str, str]]] = {}
    configure: Callable[..., None] = context.configure

    def look(*, ctx: Any, step: Any, **_: object) -> None:
        connection: Connection = ctx.connection
        locks = connection.execute(HELD, {"known": sorted(known)})
        held[step.up_revision_id] = [(table, mode) for table, mode in locks]
        known.update(connection.execute(TABLES).scalars())

    monkeypatch.setattr(context, "configure", lambda **k: configure(**k, on_version_apply=look))
    service = importlib.import_module(f"kehu_{slug.replace('-', '_')}.__main__").SERVICE
    urls = await cluster.create_database(f"locks_{uuid4().hex[:8]}")
    await asyncio.to_thread(migrations.upgrade, service.migrations, urls.owner)
    assert held.keys() >= RELEASED[slug]
    bad = {one: locks for one, locks in held.items() if _holds_up(locks)}
    assert bad.keys() == RELEASED[slug], (
        f"{bad}: give each table that is in use a revision of its own (CONTRIBUTING, a column)."
    )


BY_KEY = """
    SELECT relname FROM pg_class JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
    WHERE relnamespace = 'public'::regnamespace
        AND pg_get_indexdef(indexrelid) LIKE '%(tenant_id, id)'
"""


@pytest.mark.parametrize("slug", SERVICES)
async def test_a_new_database_finds_rows_by_their_key(slug: str, cluster: Cluster) -> None:
    """Not by another index of the tenant, which would read all its rows until they are analysed."""
    service = importlib.import_module(f"kehu_{slug.replace('-', '_')}.__main__").SERVICE
    urls = await cluster.create_database(f"keys_{uuid4().hex[:8]}")
    await asyncio.to_thread(migrations.upgrade, service.migrations, urls.owner)
    connection = await asyncpg.connect(cluster.superuser(urls.owner))
    try:
        tables = [row["relname"] for row in await connection.fetch(BY_KEY)]
        plans = {
            table: await connection.fetch(
                f"EXPLAIN SELECT FROM {table} WHERE tenant_id = 't' AND id = '{uuid4()}'"
            )
            for table in tables
        }
    finally:
        await connection.close()
    assert "audit_log" in plans
    ours = ("pk_{} ", "uq_{}_tenant_id ")  # the second one where a tenant has one row
    others = {
        table: plan
        for table, plan in plans.items()
        if not any(one.format(table) in str(plan) for one in ours)
    }
    assert not others
