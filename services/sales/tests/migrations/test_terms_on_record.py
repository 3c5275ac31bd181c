"""What is on record is found as what is entered later; what is entered meanwhile stays as it is."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
from alembic import command

from kehu_kernel import ids, migrations
from kehu_kernel.testing.cluster import Cluster
from kehu_sales.__main__ import SERVICE

BEFORE, KEPT, FILLED = "2026112699", "2026112761", "2026112762"
NO_ORDER, ORDER_KEPT, ORDER_FILLED = "2026112850", "2026112851", "2026112852"
STAGES = '[{"code": "a", "name": "a", "planned_days": 7, "success_rate": 10, "conditions": {}}]'
ENTER = """
    INSERT INTO opportunities (tenant_id, id, version, created_at, updated_at, number, topic,
        method_id, status, evaluation_round, expected_revenue, currency, lines, opened_on,
        last_step_on, owner_id)
    SELECT $1, gen_random_uuid(), 1, now(), now(), $3 || n, $3 || n, $2, 'not_evaluated', 0, 0,
        'CNY', jsonb_build_array(jsonb_build_object('product_id', n)), '2026-03-02', '2026-03-02',
        gen_random_uuid()
    FROM generate_series(1, $4) AS n
"""
FOUND = """
    SELECT count(*), count(*) FILTER (WHERE terms = opportunity_terms_of(
        o.tenant_id, o.topic, o.lines, o.owner_id, o.department_id, o.evaluator_id))
    FROM opportunities AS o
        LEFT JOIN opportunity_terms AS t ON t.tenant_id = o.tenant_id AND t.opportunity_id = o.id
"""
ORDERED = """
    SELECT count(*), count(*) FILTER (WHERE t.created_at = o.created_at AND t.number = o.number
        AND t.expected_close_on IS NOT DISTINCT FROM o.expected_close_on
        AND t.expected_revenue = o.expected_revenue
        AND t.level_rank IS NOT DISTINCT FROM o.level_rank)
    FROM opportunities AS o
        LEFT JOIN opportunity_terms AS t ON t.tenant_id = o.tenant_id AND t.opportunity_id = o.id
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


async def test_of_every_tenant_however_often_it_runs(cluster: Cluster) -> None:
    name = f"terms_{uuid4().hex[:8]}"
    config = migrations._config(SERVICE.migrations, (await cluster.create_database(name)).owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    connection = await asyncpg.connect(cluster.admin_url.rpartition("/")[0] + f"/{name}")
    method = ids.new_id()
    try:
        for tenant in ("one", "two"):
            await enter_method(connection, tenant, method)
            await enter(
                connection, tenant, method, "在册", 510
            )  # both together are more than a lot
        await asyncio.to_thread(command.upgrade, config, KEPT)
        await enter(connection, "one", method, "新增", 3)
        await connection.execute(
            "UPDATE opportunities SET topic = '改名' WHERE number IN ('在册7', '新增2')"
        )
        for _ in range(2):
            await asyncio.to_thread(command.upgrade, config, FILLED)
            assert tuple(await connection.fetchrow(FOUND)) == (1023, 1023)
            await asyncio.to_thread(command.stamp, config, KEPT)
    finally:
        await connection.close()


async def test_by_what_lists_order_it_is_told_too(cluster: Cluster) -> None:
    name = f"terms_{uuid4().hex[:8]}"
    config = migrations._config(SERVICE.migrations, (await cluster.create_database(name)).owner)
    await asyncio.to_thread(command.upgrade, config, NO_ORDER)
    connection = await asyncpg.connect(cluster.admin_url.rpartition("/")[0] + f"/{name}")
    method = ids.new_id()
    try:
        for tenant in ("one", "two"):
            await enter_method(connection, tenant, method)
            await enter(connection, tenant, method, "在册", 110)
        await asyncio.to_thread(command.upgrade, config, ORDER_KEPT)
        await enter(connection, "one", method, "新增", 3)
        await connection.execute(
            "UPDATE opportunities SET expected_revenue = 7, expected_close_on = '2026-12-01', "
            "level_rank = 2 WHERE number IN ('在册7', '新增2')"
        )
        assert tuple(await connection.fetchrow(ORDERED)) == (223, 5)
        for _ in range(2):
            await asyncio.to_thread(command.upgrade, config, ORDER_FILLED)
            assert tuple(await connection.fetchrow(ORDERED)) == (223, 223)
            await asyncio.to_thread(command.stamp, config, ORDER_KEPT)
    finally:
        await connection.close()


async def test_a_lot_that_waits_for_a_command_which_waits_for_it_is_repeated(
    cluster: Cluster,
) -> None:
    name = f"terms_{uuid4().hex[:8]}"
    config = migrations._config(SERVICE.migrations, (await cluster.create_database(name)).owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    connection = await asyncpg.connect(cluster.admin_url.rpartition("/")[0] + f"/{name}")
    method = ids.new_id()
    try:
        await enter_method(connection, "one", method)
        await enter(connection, "one", method, "在册", 20)
        await asyncio.to_thread(command.upgrade, config, KEPT)
        first, last = await connection.fetchrow(
            "SELECT (array_agg(id ORDER BY id))[1], (array_agg(id ORDER BY id DESC))[1] "
            "FROM opportunities"
        )
        await connection.execute("SET deadlock_timeout = '30s'")  # the other one is to notice
        async with connection.transaction():
            await connection.execute("UPDATE opportunities SET topic = '改名' WHERE id = $1", last)
            filled = asyncio.create_task(asyncio.to_thread(command.upgrade, config, FILLED))
            while not filled.done() and not await connection.fetchval(WAITING):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await connection.execute("UPDATE opportunities SET topic = '改名' WHERE id = $1", first)
        await filled
        assert tuple(await connection.fetchrow(FOUND)) == (20, 20)
    finally:
        await connection.close()


async def enter_method(connection: asyncpg.Connection, tenant: str, method: UUID) -> None:
    await connection.execute(
        "INSERT INTO methods VALUES ($1, $2, 1, now(), now(), 'M', 'M', true, true, $3)",
        tenant, method, STAGES,
    )  # fmt: skip


async def enter(
    connection: asyncpg.Connection, tenant: str, method: UUID, topic: str, count: int
) -> None:
    """Enter so many opportunities, as any version of the service does."""
    await connection.execute(ENTER, tenant, method, topic, count)
