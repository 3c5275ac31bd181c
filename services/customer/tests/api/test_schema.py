"""The database that the migrations build is the one the models describe."""

import asyncio

from kehu_kernel import migrations
from kehu_kernel.testing.plugin import RunningService


class TestMigrations:
    async def test_build_what_the_models_describe(self, running: RunningService) -> None:
        url = running.settings.owner_database_url
        assert url is not None
        await asyncio.to_thread(migrations.check, running.service.migrations, url)
