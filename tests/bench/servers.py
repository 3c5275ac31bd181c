"""What is measured, and what it runs on: databases, broker, server processes, the machine."""

import asyncio
import hashlib
import os
import platform
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import psutil

from kehu_kernel import migrations, plumbing
from kehu_kernel.process import Service
from kehu_kernel.testing.cluster import Cluster, DatabaseUrls
from kehu_kernel.testing.tokens import AUDIENCE, ISSUER, TestIssuer
from kehu_local import ports
from kehu_local.broker import Broker, start_broker
from kehu_local.kafka import fetch_kafka, start_kafka
from kehu_local.postgres import SETTINGS, provision, start_postgres
from kehu_local.processes import Running, spawn

ROOT = Path(__file__).parents[2]
HOME = Path(os.environ.get("KEHU_HOME") or ROOT / ".kehu").resolve()
TESTS = Path(__file__).parents[1]
START_SECONDS = 180.0  # a machine may be busy with other things
POOL_SIZE = 10
TENANT = "bench"

Found = TypeVar("Found")


def say(text: str) -> None:
    """Tell whoever waits what is going on; the table alone goes to standard output."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True)
class Choice:
    """What the environment asks for (see `make bench` in CONTRIBUTING.md)."""

    only: frozenset[str]
    quick: bool
    profile: bool
    strict: bool
    apache: bool
    events: int
    rows: int
    base: str | None

    @classmethod
    def from_environment(cls) -> "Choice":
        """Read ONLY, QUICK, PROFILE, STRICT, BROKER, EVENTS, ROWS and BASE."""
        given = os.environ.get
        quick = given("QUICK", "") not in ("", "0")
        return cls(
            only=frozenset((given("ONLY") or "").replace(",", " ").split()),
            quick=quick,
            profile=given("PROFILE", "") not in ("", "0"),
            strict=given("STRICT", "") not in ("", "0"),
            apache=given("BROKER") == "apache",
            events=int(given("EVENTS") or (20_000 if quick else 200_000)),
            rows=int(given("ROWS") or (5_000 if quick else 1_000_000)),
            base=given("BASE") or None,
        )

    @property
    def rounds(self) -> int:
        """How often each of two competitors is measured."""
        return 1 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long one round lasts."""
        return 1.0 if self.quick else 4.0


@dataclass
class Bench:
    """The servers that all measurements share."""

    choice: Choice
    cluster: Cluster
    issuer: TestIssuer
    folder: Path
    brokers: list[Broker] = field(default_factory=list)

    def broker(self) -> Broker:
        """Return the broker, started when first asked for."""
        if not self.brokers:
            data, port = self.folder / "broker", ports.free_port()
            shutil.rmtree(data, ignore_errors=True)
            if self.choice.apache:
                say("starting Apache Kafka")
                self.brokers.append(start_kafka(data, port, libs=fetch_kafka(HOME)))
            else:
                say("starting the embedded broker")
                self.brokers.append(start_broker(data, port))
        return self.brokers[0]

    def fresh_database(self, service: Service, name: str) -> DatabaseUrls:
        """Return a migrated, empty database; one of an earlier run is dropped."""
        return run(_database(self.cluster, service, name))

    def kept_database(self, service: Service, name: str) -> tuple[DatabaseUrls, bool]:
        """Return a database that outlives the run, and whether it is new.

        It is made anew when the migrations have changed.
        """
        name = f"{name}_{_schema_digest(service)}"
        if run(_exists(self.cluster, name)):
            return run(_urls(self.cluster, name)), False
        return run(_database(self.cluster, service, name)), True

    @contextmanager
    def service(
        self,
        module: str,
        command: str,
        urls: DatabaseUrls,
        *,
        prefix: str,
        more: Mapping[str, str] | None = None,
    ) -> Iterator[Running]:
        """Run a process of a service (`python -m <module> <command>`) for the length of the block.

        `prefix` is what its environment variables begin with; `more` are other variables.
        """
        port = ports.free_port()
        own = {
            "DATABASE_URL": urls.app,
            "WORKER_DATABASE_URL": urls.worker,
            "OWNER_DATABASE_URL": urls.owner,
            "OIDC_ISSUER": ISSUER,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS_URL": self.issuer.jwks_url,
            "POOL_SIZE": str(POOL_SIZE),
            # Here is measured how long it takes, not how soon it gives up on a busy machine.
            "QUEUE_SECONDS": "10",
            "POOL_TIMEOUT": "10",
            "PORT": str(port),
            "KAFKA_BOOTSTRAP": self.brokers[0].bootstrap if self.brokers else "127.0.0.1:1",
        }
        environment = {f"{prefix}{name}": value for name, value in own.items()} | dict(more or {})
        with self.process(
            [sys.executable, "-m", module, command], port, environment, path="/readyz"
        ) as running:
            yield running

    @contextmanager
    def floor(
        self,
        urls: DatabaseUrls,
        module: str = "bench.floor",
        more: Mapping[str, str] | None = None,
    ) -> Iterator[Running]:
        """Run a bare handler for the length of the block."""
        port = ports.free_port()
        own = {"BENCH_DATABASE_URL": urls.app, "BENCH_POOL_SIZE": str(POOL_SIZE), **(more or {})}
        command = [
            sys.executable, "-m", "uvicorn", f"{module}:app", "--port", str(port),
            "--no-access-log", "--log-level", "warning", "--no-server-header",
        ]  # fmt: skip
        with self.process(command, port, own, path="/readyz") as running:
            yield running

    @contextmanager
    def process(
        self, command: Sequence[str], port: int, environment: Mapping[str, str], *, path: str
    ) -> Iterator[Running]:
        """Run a server process until the end of the block; it is ready when `path` says so."""
        running = self.start(command, environment, port=port)
        try:
            _await(lambda: ports.answers(port, path) or _must_live(running))
            yield running
        finally:
            running.stop()

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], *, port: int = 0
    ) -> Running:
        """Start a process with a log of its own in the bench's folder; the caller stops it."""
        name = "-".join(part for part in command[2:4] if not part.startswith("/"))
        log = self.folder / "logs" / f"{name.replace(':', '.')}-{time.time_ns()}.log"
        env = {**os.environ, "PYTHONPATH": str(TESTS), **environment}
        return spawn(name, command, port=port, log=log, env=env)

    @cached_property
    def token(self) -> str:
        """The token of the administrator who sends all requests: made once, so it is cached."""
        return self.issuer.token(TENANT)


@contextmanager
def bench(choice: Choice) -> Iterator[Bench]:
    """Start what all measurements share; everything ends with the block."""
    folder = HOME / "bench"
    say("starting PostgreSQL")
    server = _postgres(folder / "postgres")  # refuses if another bench runs
    shutil.rmtree(folder / "logs", ignore_errors=True)
    issuer = TestIssuer()
    everything = Bench(choice, Cluster(server.admin_url), issuer, folder)
    try:
        yield everything
    finally:
        issuer.close()
        for broker in everything.brokers:
            broker.stop()
        server.stop()


def _postgres(folder: Path) -> Any:
    """Start the kept server, with pg_stat_statements loaded but silent."""
    server = start_postgres(folder, ports.free_port(), durable=True)
    try:
        provision(server.admin_url, databases=())
        loaded = run(_value(server.admin_url, "SHOW shared_preload_libraries"))
        if "pg_stat_statements" not in loaded:
            run(_execute(server.admin_url, *STATISTICS))
            server.stop()
            server = start_postgres(folder, ports.free_port(), durable=True)
    except BaseException:
        server.stop()
        raise
    return server


STATISTICS = (
    "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
    "ALTER SYSTEM SET pg_stat_statements.track = 'none'",
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
)


def machine(bench: Bench) -> list[str]:
    """Say what ran where: the head of the table."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    server = run(_value(bench.cluster.admin_url, "SHOW server_version"))
    packages = ("uvicorn", "starlette", "fastapi", "sqlalchemy", "asyncpg", "aiokafka")
    names = ("shared_buffers", "max_wal_size", "wal_level", "io_method", "jit")
    settings = ", ".join(f"{name}={SETTINGS[name]}" for name in names if name in SETTINGS)
    kind = "Apache Kafka" if bench.choice.apache else "embedded (noida-db)"
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    return [
        f"{time.strftime('%Y-%m-%d %H:%M:%S')}, {os.cpu_count()} cores ({model}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, load {load}; nothing is pinned: "
        "servers, PostgreSQL, broker and load generator share the cores",
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in packages),
        f"PostgreSQL {server}, fsync=on, synchronous_commit=on, {settings}; broker: {kind}",
        f"one worker, pool of {POOL_SIZE}; {bench.choice.rounds} rounds of "
        f"{bench.choice.seconds:g} s each, ours and the floor in turns; medians",
    ]


def cpu_seconds(running: Running) -> float:
    """Return the processor time that a process has used."""
    process = running.process()
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)


def run(work: Awaitable[Found]) -> Found:
    """Run one coroutine to its end."""

    async def whole() -> Found:
        return await work

    return asyncio.run(whole())


async def connected(url: str, work: Callable[[Any], Awaitable[Found]]) -> Found:
    """Do something with a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        return await work(connection)
    finally:
        await connection.close()


async def _value(url: str, statement: str) -> Any:
    return await connected(url, lambda connection: connection.fetchval(statement))


async def _execute(url: str, *statements: str) -> None:
    async def work(connection: Any) -> None:
        for statement in statements:
            await connection.execute(statement)

    await connected(url, work)


async def _exists(cluster: Cluster, name: str) -> bool:
    query = "SELECT 1 FROM pg_database WHERE datname = $1"
    return bool(await connected(cluster.admin_url, lambda one: one.fetchval(query, name)))


async def _urls(cluster: Cluster, name: str) -> DatabaseUrls:
    return DatabaseUrls(
        owner=cluster._url("kehu_owner", name),
        app=cluster._url("kehu_app", name),
        worker=cluster._url("kehu_worker", name),
    )


async def _database(cluster: Cluster, service: Service, name: str) -> DatabaseUrls:
    await _execute(cluster.admin_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    urls = await cluster.create_database(name)
    await asyncio.to_thread(migrations.upgrade, service.migrations, urls.owner)
    return urls


def _schema_digest(service: Service) -> str:
    """Return a digest of everything that makes the service's schema."""
    sources = sorted((service.migrations / "versions").glob("*.py"))
    sources += [Path(str(migrations.__file__)), Path(str(plumbing.__file__))]
    return hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:10]


def _await(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError("a server did not become ready")
        time.sleep(0.05)


def _must_live(running: Running) -> bool:
    if not running.alive():
        raise RuntimeError(f"{running.name} ended. Its log says:\n{running.log_tail()}")
    return False
