"""The small service of `kehu_kernel.testing.lab`, on a real database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio

from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import EventDatabase, create_event_database
from kehu_kernel.testing.lab import Lab, NewLab, start_lab
from kehu_kernel.testing.tokens import TestIssuer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def events(cluster: Cluster) -> AsyncIterator[EventDatabase]:
    """A database with the kernel's tables."""
    database = await create_event_database(cluster)
    yield database
    await database.dispose()


@pytest_asyncio.fixture(loop_scope="session")
async def new_lab(events: EventDatabase, issuer: TestIssuer, tenant: str) -> AsyncIterator[NewLab]:
    """Makes the service: `await new_lab(request_seconds=0.5)`."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> Lab:
            return await start_lab(events, issuer, tenant, stack, **settings)

        yield make
