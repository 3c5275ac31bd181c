"""The event path on a real broker: the embedded one, or Apache Kafka.

`KEHU_TEST_BROKER=apache` starts Apache Kafka (fetched with Maven the first time);
`KEHU_KAFKA_BOOTSTRAP` names a broker that runs already.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from kehu_kernel.broker import ensure_topics
from kehu_kernel.testing.cluster import Cluster
from kehu_kernel.testing.events import EventDatabase, create_event_database
from kehu_local.broker import Broker, start_broker
from kehu_local.kafka import fetch_kafka, start_kafka
from kehu_local.ports import free_port

HOME = Path(os.environ.get("KEHU_HOME", Path(__file__).parents[2] / ".kehu"))


@dataclass
class OwnBroker:
    """A broker that tests may stop and start; it keeps its records and its port."""

    start: Callable[[], Broker]
    running: Broker

    @property
    def bootstrap(self) -> str:
        """Host and port for clients."""
        return self.running.bootstrap

    def stop(self) -> None:
        """Stop it in order."""
        self.running.stop()

    def kill(self) -> None:
        """Kill it as a crash would."""
        self.running.kill()

    def restart(self) -> None:
        """Start it again where it was."""
        self.running = self.start()


def _own_broker(folder: Path) -> OwnBroker:
    port = free_port()
    if os.environ.get("KEHU_TEST_BROKER") == "apache":
        libs = fetch_kafka(HOME)

        def start() -> Broker:
            return start_kafka(folder / "kafka", port, libs=libs)
    else:

        def start() -> Broker:
            return start_broker(folder / "broker", port)

    return OwnBroker(start, start())


@pytest.fixture(scope="session")
def own_broker() -> Iterator[OwnBroker]:
    """A broker of this test session that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="kehu-broker-") as folder:
        broker = _own_broker(Path(folder))
        yield broker
        broker.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bootstrap(request: pytest.FixtureRequest) -> str:
    """The broker of the suite, with the topics: a reader might make one with one partition."""
    given = os.environ.get("KEHU_KAFKA_BOOTSTRAP")
    found: str = given or request.getfixturevalue("own_broker").bootstrap
    await ensure_topics(found, "customer")
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def events(cluster: Cluster) -> AsyncIterator[EventDatabase]:
    """A database of its own for each test: a relay publishes everything that waits in it."""
    database = await create_event_database(cluster)
    yield database
    await database.dispose()
