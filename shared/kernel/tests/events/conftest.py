"""The event path against a real PostgreSQL, with real commits; no broker is needed here."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import EventDatabase, RecordedDeadLetters, create_event_database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def events(cluster: Cluster) -> AsyncIterator[EventDatabase]:
    """A database with the plumbing tables and a ledger."""
    database = await create_event_database(cluster)
    yield database
    await database.dispose()


@pytest.fixture
def dead_letters() -> RecordedDeadLetters:
    """A place for dead letters that can be looked at, and taken down."""
    return RecordedDeadLetters()
