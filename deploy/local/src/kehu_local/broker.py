"""The embedded broker: noida-db from its wheel, which speaks the Kafka protocol.

It starts at once and needs no Java. It writes its data when it is stopped in order and now and
then in between, so a kill loses acknowledged records: for development and tests only.
`kehu_local.kafka` runs the reference broker.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

from kehu_local import ports
from kehu_local.errors import LocalError
from kehu_local.processes import Running, spawn

START_SECONDS = 20.0
MEMBERS = 5  # field of a described group


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker on 127.0.0.1 and the process it runs in."""

    running: Running

    @property
    def bootstrap(self) -> str:
        """Host and port for Kafka clients."""
        return f"{ports.HOST}:{self.running.port}"

    def stop(self) -> None:
        """Shut down in order; nothing happens if it has stopped."""
        self.running.stop()

    def kill(self) -> None:
        """Kill it as a crash would."""
        self.running.kill()


def start_broker(
    data_dir: Path,
    port: int,
    *,
    log: Path | None = None,
    on_spawn: Callable[[Running], None] | None = None,
) -> Broker:
    """Start the embedded broker and return when it accepts connections. Raises `LocalError`."""
    ports.require_free({"broker": (port, "KEHU_BROKER_PORT")})
    data_dir.mkdir(parents=True, exist_ok=True)
    binary = Path(str(files("noida_db"))) / "noida-db"
    command = [
        str(binary), "start", "--only", "kafka", "--host", ports.HOST,
        "--kafka-port", str(port), "--data-dir", str(data_dir.resolve()),
    ]  # fmt: skip
    running = spawn(
        "broker", command, port=port, log=log or data_dir.with_name(f"{data_dir.name}.log")
    )
    return await_broker(running, on_spawn, "The embedded broker", START_SECONDS)


def await_broker(
    running: Running,
    on_spawn: Callable[[Running], None] | None,
    title: str,
    seconds: float,
) -> Broker:
    """Return the broker once it accepts connections, or stop it and raise `LocalError`."""
    if on_spawn is not None:
        on_spawn(running)
    if not ports.wait_until_listening(running.port, running.alive, seconds=seconds):
        running.stop(seconds=2)
        raise LocalError(f"{title} did not start. Its log says:\n{running.log_tail()}")
    return Broker(running)


def forget_members(bootstrap: str, group: str) -> None:
    """Make the members of a consumer group leave it.

    The embedded broker never notices that a member was killed and lets its successor wait for it;
    Apache Kafka notices by itself. Does nothing if the broker or the group is not there.
    """
    with ThreadPoolExecutor(1) as thread:  # works inside a running event loop, too
        thread.submit(asyncio.run, _forget_members(bootstrap, group)).result()


async def _forget_members(bootstrap: str, group: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        described = await admin.describe_consumer_groups([group])
        for member in described[0].groups[0][MEMBERS]:
            node = admin._client.get_random_node()
            await admin._client.send(node, LeaveGroupRequest(group, member[0]))
    except (KafkaError, IndexError):
        return
    finally:
        await admin.close()
