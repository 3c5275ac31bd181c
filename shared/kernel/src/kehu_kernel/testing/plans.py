"""How PostgreSQL would read large tables, asked of small ones."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from kehu_kernel.migrations import ONE_TENANT

NEVER_ANALYSED = f"""
    SELECT pg_clear_attribute_stats('public', table_name::text, column_name::text, false),
        pg_restore_relation_stats('schemaname', 'public', 'relname', table_name::text,
            'relpages', 0::integer, 'reltuples', -1::real)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE';
    {ONE_TENANT}
"""  # noqa: S608 - our own words
"""Has the planner forget what it knows (an empty table that was analysed is read by any index), so
that it guesses ten pages at least, and know what it is told of a new database."""


EMPTIED = """
    SET LOCAL session_replication_role = replica;
    DO $$ BEGIN
        EXECUTE (
            SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') FROM pg_tables
            WHERE schemaname = 'public'
        );
    END $$
"""
"""Has all tables be of one size, whatever other tests have left in them; to be rolled back."""
COMPLETE = """
    SELECT index.relname AS name, of.relname AS of FROM pg_index i
    JOIN pg_class index ON index.oid = i.indexrelid JOIN pg_class of ON of.oid = i.indrelid
    WHERE i.indpred IS NULL
"""
"""Indexes that hold all rows, and of which table."""


class Planner:
    """Explains statements without running them."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def whole(self, statement: str, *arguments: object) -> set[str]:
        """Return the tables of which the statement reads all rows, or all rows of a tenant.

        Not read as a whole is what an index narrows by more than the tenant, also by being partial,
        and what a limit ends: unless rows are passed over on the way to it, or sorted. What is
        asked about single rows does not count: policies do, but not where all rows are in sight.
        """
        tables = {row["name"]: row["of"] for row in await self._connection.fetch(COMPLETE)}
        return set(_whole(await self.plan(statement, *arguments), tables, limited=False))

    async def plan(self, statement: str, *arguments: object) -> dict[str, Any]:
        """Return the plan's topmost node."""
        explain = f"EXPLAIN (FORMAT JSON) {statement}"
        found: dict[str, Any] = json.loads(await self._connection.fetchval(explain, *arguments))[0]
        return found["Plan"]  # type: ignore[no-any-return]

    async def sought(self, statement: str, *arguments: object) -> list[str]:
        """Return by which conditions indexes are searched; filters are not among them."""
        return [str(one.get("Index Cond")) for one in nodes(await self.plan(statement, *arguments))]


@asynccontextmanager
async def planner(url: str, role: str) -> AsyncIterator[Planner]:
    """Plan as a role, where all rows are one tenant's and no table is read if an index would do.

    `url` is a superuser's; nothing of it stays. To be asked outside of any transaction: it
    waits for whoever has read a table.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(EMPTIED)
        await connection.execute(NEVER_ANALYSED)
        # A row more costs much, as in a large table; of a small one all may be read by any index.
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL cpu_tuple_cost = 10")
        await connection.execute(f"SET LOCAL ROLE {role}")
        yield Planner(connection)
    finally:
        await connection.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's topmost node and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def _whole(node: dict[str, Any], tables: dict[str, str], *, limited: bool) -> Iterator[str]:
    kind, index = node["Node Type"], node.get("Index Name")
    if kind == "Seq Scan":
        yield node["Relation Name"]
    elif index in tables:
        terms = [one.strip("( ") for one in node.get("Index Cond", "tenant_id").split(" AND ")]
        narrow = not all(one.startswith("tenant_id") for one in terms)
        if not narrow and ("Filter" in node or not limited):
            yield tables[index]
    goes_on = kind == "Limit" or (limited and kind in ("LockRows", "Result"))
    for part in node.get("Plans", ()):
        if part.get("Parent Relationship") != "SubPlan" or "Relation Name" not in node:
            yield from _whole(part, tables, limited=goes_on)
