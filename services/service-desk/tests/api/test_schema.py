"""The schema the migrations build is the one the models describe."""

import asyncio

from kehu_kernel import migrations
from kehu_kernel.testing.plugin import RunningService
from kehu_service_desk.__main__ import SERVICE


async def test_models_and_migrations_agree(running: RunningService) -> None:
    url = running.settings.owner_database_url
    assert url is not None
    await asyncio.to_thread(migrations.check, SERVICE.migrations, url)
