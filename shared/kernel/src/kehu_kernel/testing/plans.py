"""How PostgreSQL would read large tables, asked of small ones."""

import json
from collections.abc import AsyncIterator
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


class Planner:
    """Explains statements without running them."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def plan(self, statement: str, *arguments: object) -> dict[str, Any]:
        """Return the plan's topmost node."""
        explain = f"EXPLAIN (FORMAT JSON) {statement}"
        found: dict[str, Any] = json.loads(await self._connection.fetchval(explain, *arguments))[0]
        return found["Plan"]  # type: ignore[no-any-return]


@asynccontextmanager
async def planner(url: str, role: str) -> AsyncIterator[Planner]:
    """Plan as a role, where all rows are one tenant's and no table is read if an index would do.

    `url` is a superuser's; nothing of it stays.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        await connection.execute(NEVER_ANALYSED)
        # A row more costs much, as in a large table; of a small one all may be read by any index.
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL cpu_tuple_cost = 10")
        await connection.execute(f"SET LOCAL ROLE {role}")
        yield Planner(connection)
    finally:
        await connection.close()
