"""What is put right once every process runs the new version.

`python -m kehu_sales.after_rollout`. While a rolling upgrade goes on, an old process may still
enter opportunities without looking at what they collide with, behind the walk that the upgrade
noted (S13). It may be run at any time, twice, and two at once: the newest walk counts, and what is
on record stays as it is.
"""

import asyncio
import logging

from kehu_kernel import telemetry
from kehu_kernel.app import open_database
from kehu_kernel.context import Context
from kehu_kernel.process import Databases
from kehu_sales.__main__ import SERVICE
from kehu_sales.collisions.models import CollisionWalk
from kehu_sales.collisions.service import FIRST
from kehu_sales.settings import Settings

log = logging.getLogger("kehu.after_rollout")

ACTOR = "system:after-rollout"
WHO_SELLS = """
    WITH RECURSIVE known AS (
        SELECT min(tenant_id) AS tenant_id FROM opportunities
        UNION ALL
        SELECT (SELECT min(o.tenant_id) FROM opportunities o WHERE o.tenant_id > k.tenant_id)
        FROM known k WHERE k.tenant_id IS NOT NULL
    )
    SELECT tenant_id FROM known WHERE tenant_id IS NOT NULL
"""
"""From tenant to tenant by the index: of each one is read."""


async def walk_again(databases: Databases) -> int:
    """Have the round look at all that is open once more; return for how many tenants.

    The walks wait behind what is entered meanwhile, as every walk does.
    """
    async with databases.worker.worker_transaction() as session:
        tenants = [row["tenant_id"] for row in await session.fetch(WHO_SELLS)]
    for tenant_id in tenants:
        async with databases.app.transaction(Context(tenant_id=tenant_id, actor=ACTOR)) as session:
            session.add(CollisionWalk(after_id=FIRST))
    return len(tenants)


async def _run() -> None:
    settings = Settings()
    telemetry.configure_logging(settings.log_level, settings.log_format)
    databases = Databases(
        app=open_database(SERVICE.name, settings),
        worker=open_database(SERVICE.name, settings, worker=True),
    )
    try:
        log.info("collisions are looked for", extra={"tenants": await walk_again(databases)})
    finally:
        await databases.app.dispose()
        await databases.worker.dispose()


if __name__ == "__main__":
    asyncio.run(_run())
