"""Opportunities in a stage get due days from what was planned; nothing else of them changes."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic import command

from kehu_kernel import ids, migrations
from kehu_kernel.testing.cluster import Cluster
from kehu_sales.__main__ import SERVICE

BEFORE, LAST_BUT_ONE, AFTER = "2026112321", "2026112413", "2026112414"
STAGES = (
    '[{"code": "a", "name": "a", "planned_days": 7, "success_rate": 10, "conditions": '
    '{"control": "none", "activities": 0, "tasks": 0, "quotes": 0}}]'
)


@pytest.fixture
async def urls(cluster: Cluster) -> tuple[str, str]:
    """A database just before the migrations: the owner's URL and the administrator's."""
    name = f"stages_{uuid4().hex[:8]}"
    owner = (await cluster.create_database(name)).owner
    config = migrations._config(SERVICE.migrations, owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    return owner, cluster.admin_url.rpartition("/")[0] + f"/{name}"


async def enter(
    connection: asyncpg.Connection, tenant: str, method: UUID, number: int, *, closed: bool = False
) -> None:
    one = ids.new_id()
    await connection.execute(
        "INSERT INTO opportunities (tenant_id, id, version, created_at, updated_at, number, topic, "
        "method_id, status, evaluation_round, stage_code, stage_name, stage_position, "
        "success_rate, stage_entered_on, expected_revenue, currency, lines, opened_on, "
        "last_step_on, closed_on, close_reason) VALUES ($1, $2, 3, now(), now(), $3, '更新', $4, "
        "$5, 1, 'a', 'a', 1, 10, '2026-03-02', 0, 'CNY', '[]', '2026-03-02', '2026-03-02', "
        "$6::text::date, $7)",
        tenant, one, f"OPP-{number}", method, "lost" if closed else "in_progress",
        "2026-03-05" if closed else None, "价格" if closed else None,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO opportunity_stages (tenant_id, id, opportunity_id, position, code, name, "
        "success_rate, planned_days, entered_on, entered_by) "
        "VALUES ($1, $2, $3, 1, 'a', 'a', 10, 7, '2026-03-02', 'li.na')",
        tenant, ids.new_id(), one,
    )  # fmt: skip


async def test_of_every_tenant_however_often_it_runs(urls: tuple[str, str]) -> None:
    owner, admin = urls
    connection = await asyncpg.connect(admin)
    try:
        for tenant in ("one", "two"):
            method = ids.new_id()
            await connection.execute(
                "INSERT INTO methods VALUES ($1, $2, 1, now(), now(), 'M', 'M', true, true, $3)",
                tenant, method, STAGES,
            )  # fmt: skip
            for number in range(510):  # both together are more than a lot
                await enter(connection, tenant, method, number)
            await enter(connection, tenant, method, 999, closed=True)
        config = migrations._config(SERVICE.migrations, owner)
        await asyncio.to_thread(command.upgrade, config, AFTER)
        await asyncio.to_thread(command.stamp, config, LAST_BUT_ONE)
        await asyncio.to_thread(command.upgrade, config, AFTER)
        due = await connection.fetch(
            "SELECT status, stage_due_on::text, count(*), max(version), "
            "bool_or(stage_overdue_told) FROM opportunities GROUP BY 1, 2 ORDER BY 1"
        )
        assert [tuple(row) for row in due] == [
            ("in_progress", "2026-03-09", 1020, 3, False), ("lost", None, 2, 3, False)
        ]  # fmt: skip
        assert await connection.fetch("SELECT FROM pg_policies WHERE policyname = 'backfill'") == []
    finally:
        await connection.close()
