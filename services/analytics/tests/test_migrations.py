"""The migrations build what the models say."""

import asyncio

from kehu_kernel import migrations
from kehu_kernel.testing.plugin import RunningService


async def test_models_and_migrations_agree(running: RunningService) -> None:
    url = running.settings.owner_database_url
    assert url is not None
    await asyncio.to_thread(migrations.check, running.service.migrations, url)
