"""What the storms need: a broker of their own, and a database for each."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from kehu_kernel.broker import ensure_topics
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import EventDatabase, create_event_database
from kehu_local.broker import start_broker
from kehu_local.kafka import fetch_kafka, start_kafka
from kehu_local.ports import free_port

HOME = Path(os.environ.get("KEHU_HOME", Path(__file__).parents[3] / ".kehu"))


@pytest.fixture(scope="session")
def storm_broker() -> Iterator[str]:
    """The address of a broker: embedded, or Apache Kafka with `KEHU_TEST_BROKER=apache`."""
    with tempfile.TemporaryDirectory(prefix="kehu-broker-") as folder:
        if os.environ.get("KEHU_TEST_BROKER") == "apache":
            libs = fetch_kafka(HOME)
            broker = start_kafka(Path(folder) / "kafka", free_port(), libs=libs)
        else:
            broker = start_broker(Path(folder) / "broker", free_port())
        yield broker.bootstrap
        broker.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bootstrap(request: pytest.FixtureRequest) -> str:
    """The broker of the suite, with its topics; `KEHU_KAFKA_BOOTSTRAP` names a running one."""
    given = os.environ.get("KEHU_KAFKA_BOOTSTRAP")
    found: str = given or request.getfixturevalue("storm_broker")
    for service in ("customer", "sales", "analytics"):
        await ensure_topics(found, service)
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def events(cluster: Cluster) -> AsyncIterator[EventDatabase]:
    """A database of its own for each storm."""
    database = await create_event_database(cluster)
    yield database
    await database.dispose()


@pytest.fixture
def seed() -> int:
    """`KEHU_SEED`, or another one each time; pytest shows it when a test fails."""
    chosen = int(os.environ.get("KEHU_SEED") or uuid4().int % 1_000_000)
    print(f"KEHU_SEED={chosen}")  # noqa: T201 - to run it again
    return chosen
