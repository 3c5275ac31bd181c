"""Contacts that were on record before contact points and affiliations get theirs."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from kehu_customer.__main__ import SERVICE
from kehu_kernel import ids, migrations
from kehu_kernel.testing.cluster import Cluster

BEFORE, AFTER = "2026112232", "2026112233"


@pytest.fixture
async def urls(cluster: Cluster) -> tuple[str, str]:
    """A database just before the migration: the owner's URL and the administrator's."""
    name = f"party_{uuid4().hex[:8]}"
    owner = (await cluster.create_database(name)).owner
    config = migrations._config(SERVICE.migrations, owner)
    await asyncio.to_thread(command.upgrade, config, BEFORE)
    return owner, cluster.admin_url.rpartition("/")[0] + f"/{name}"


async def enter(connection: asyncpg.Connection, tenant: str, **contact: object) -> None:
    customer = ids.new_id()
    await connection.execute(
        "INSERT INTO customers (tenant_id, id, version, created_at, updated_at, kind, name, roles, "
        "state, created_on) VALUES ($1, $2, 1, now(), now(), 'person', '客户', '{consumer}', "
        "'prospect', '2026-01-01')",
        tenant, customer,
    )  # fmt: skip
    names = ", ".join(contact)
    places = ", ".join(f"${n}" for n in range(4, 4 + len(contact)))
    await connection.execute(
        f"INSERT INTO contacts (tenant_id, id, customer_id, version, created_at, updated_at, "
        f"is_primary, active, {names}) VALUES ($1, $2, $3, 1, '2026-03-16T12:00:00Z', now(), true, "
        f"true, {places})",
        tenant, ids.new_id(), customer, *contact.values(),
    )  # fmt: skip


async def test_of_every_tenant_once_however_often_it_runs(
    urls: tuple[str, str],
) -> None:
    owner, admin = urls
    connection = await asyncpg.connect(admin)
    try:
        await enter(
            connection, "one", name="赵立新", title="总监", phone="0512-62800000 x12",
            email="Zhao@Example.com",
        )  # fmt: skip
        await enter(connection, "two", name="王工", mobile="ask the porter", phone="12")
        for n in range(501):  # more than a batch
            await enter(connection, "two", name=f"{n}", mobile="138 0000 0000")
        config = migrations._config(SERVICE.migrations, owner)
        await asyncio.to_thread(command.upgrade, config, AFTER)
        await asyncio.to_thread(command.stamp, config, BEFORE)
        await asyncio.to_thread(command.upgrade, config, AFTER)
        points = await connection.fetch(
            "SELECT kind, value, normalised, extension, is_primary FROM contact_points "
            "WHERE value <> '138 0000 0000' ORDER BY tenant_id, kind"
        )
        assert [tuple(point) for point in points] == [
            ("email", "Zhao@Example.com", "zhao@example.com", None, True),
            ("phone", "0512-62800000 x12", "+8651262800000", "12", True),
            ("mobile", "ask the porter", None, None, True),
            ("phone", "12", None, None, True),
        ]
        assert await connection.fetchval("SELECT count(*) FROM contact_points") == 505
        places = await connection.fetch(
            "SELECT title, started_on::text, ended_on FROM affiliations WHERE is_main "
            "ORDER BY title NULLS LAST"
        )
        assert tuple(places[0]) == ("总监", "2026-03-16", None)
        assert len(places) == 503
        assert await connection.fetch("SELECT FROM pg_policies WHERE policyname = 'backfill'") == []
    finally:
        await connection.close()
