"""Amounts in rules of assignment that had no currency get the tenant's; nothing else changes."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from kehu_kernel import ids, migrations
from kehu_kernel.testing.cluster import Cluster
from kehu_sales.__main__ import SERVICE

BEFORE, AFTER = "2026112699", "2026112741"
RULE = """
    INSERT INTO assignment_rules (
        tenant_id, id, version, created_at, updated_at, name, position, active, automatic, way,
        territory_ids, categories, sources, amount_from, amount_below, currency, employee_ids,
        min_level, weights
    ) VALUES (
        $1, $2, 1, now(), now(), $3, $4, true, false, 'territory', '[]', '[]', '[]', $5, $6, $7,
        '[]', 1, '{}'
    )
"""


async def test_of_every_tenant_those_with_an_amount_and_no_currency(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEHU_SALES_CURRENCY", "USD")
    name = f"rules_{uuid4().hex[:8]}"
    owner = (await cluster.create_database(name)).owner
    config = migrations._config(SERVICE.migrations, owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    connection = await asyncpg.connect(cluster.admin_url.rpartition("/")[0] + f"/{name}")
    try:
        for tenant in ("one", "two"):
            given = [("from", 1, None, None), ("below", None, 9, None), ("named", 1, 9, "EUR"),
                     ("none", None, None, None)]  # fmt: skip
            for position, (rule, least, most, currency) in enumerate(given):
                await connection.execute(
                    RULE, tenant, ids.new_id(), rule, position, least, most, currency
                )
        await asyncio.to_thread(command.upgrade, config, AFTER)
        found = await connection.fetch(
            "SELECT name, currency, count(*), max(version) FROM assignment_rules "
            "GROUP BY 1, 2 ORDER BY 1"
        )
        assert [tuple(row) for row in found] == [
            ("below", "USD", 2, 1), ("from", "USD", 2, 1), ("named", "EUR", 2, 1),
            ("none", None, 2, 1),
        ]  # fmt: skip
        assert await connection.fetch("SELECT FROM pg_policies WHERE policyname = 'backfill'") == []
    finally:
        await connection.close()
