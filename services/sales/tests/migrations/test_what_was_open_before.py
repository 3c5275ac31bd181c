"""What was open before collisions were looked for is walked through, of every tenant that sells."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
from alembic import command

from kehu_kernel import ids, migrations
from kehu_kernel.testing.cluster import Cluster
from kehu_sales.__main__ import SERVICE

BEFORE, AFTER = "2026112821", "2026112822"
SOLD = """
    INSERT INTO opportunities (
        tenant_id, id, version, created_at, updated_at, number, topic, method_id, status,
        evaluation_round, expected_revenue, currency, lines, opened_on, last_step_on
    ) VALUES (
        $1, $2, 1, now(), now(), $3, '更新', $4, 'not_evaluated', 1, 0, 'CNY', '[]', '2026-03-02',
        '2026-03-02'
    )
"""
METHOD = """
    INSERT INTO methods VALUES ($1, $2, 1, now(), now(), $3, $3, false, true, '[{}]')
"""
TENANTS = "SELECT tenant_id, id, after_id FROM collision_walks ORDER BY tenant_id"


async def test_one_walk_for_each_tenant(cluster: Cluster) -> None:
    name = f"walks_{uuid4().hex[:8]}"
    owner = (await cluster.create_database(name)).owner
    config = migrations._config(SERVICE.migrations, owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    connection = await asyncpg.connect(cluster.admin_url.rpartition("/")[0] + f"/{name}")
    try:
        for number, tenant in enumerate(("one", "two", "two")):
            method = ids.new_id()
            await connection.execute(METHOD, tenant, method, f"M{number}")
            await connection.execute(SOLD, tenant, ids.new_id(), f"OPP-{number}", method)
        await asyncio.to_thread(command.upgrade, config, AFTER)
        first = UUID(int=0)
        found = [tuple(row) for row in await connection.fetch(TENANTS)]
        assert found == [("one", first, first), ("two", first, first)]
        assert await connection.fetch("SELECT FROM pg_policies WHERE policyname = 'backfill'") == []
    finally:
        await connection.close()
