import asyncio

from kehu_kernel import migrations
from kehu_kernel.testing.plugin import RunningService


async def test_migrations_make_what_the_models_say(running: RunningService) -> None:
    assert running.settings.owner_database_url is not None
    await asyncio.to_thread(
        migrations.check, running.service.migrations, running.settings.owner_database_url
    )
