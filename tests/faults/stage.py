"""The whole system, every part a process of its own that can be killed, frozen and started again.

Unlike the local run, some services run split as in production (`api`, `relay` and `consume` apart),
and a proxy stands before Apache Kafka and another one before PostgreSQL.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from faults.proxy import FaultProxy, running_proxy
from kehu_local import ports
from kehu_local.config import ROOT, SERVICES, LocalConfig, Service
from kehu_local.issuer import Issuer, mint_token
from kehu_local.kafka import fetch_kafka, start_kafka
from kehu_local.postgres import provision, start_postgres, url_for
from kehu_local.processes import Running, spawn
from kehu_local.supervisor import GATEWAY

POSTGRES, BROKER = "postgres", "broker"
SPLIT = ("customer", "sales", "analytics")
READY_SECONDS = 240.0
TOKEN_SECONDS = 7 * 86_400


class Stage:
    """The running system. Names of parts: `postgres`, `broker`, `gateway`, `marketing`, and for
    split services `sales` (the API), `sales-relay`, `sales-consume`.
    """

    def __init__(self, home: Path, kafka: FaultProxy, postgres: FaultProxy) -> None:
        self.kafka, self.postgres = kafka, postgres
        self._home = home
        self._libs = fetch_kafka(Path(os.environ.get("KEHU_HOME") or ROOT / ".kehu"))
        plain = LocalConfig(home=home, postgres_port=postgres.target)
        self._direct_url = plain.admin_url
        self.config = replace(
            plain,
            gateway_port=ports.free_port(),
            services=tuple(
                Service(one.slug, ports.free_port(), "api" if one.slug in SPLIT else "all")
                for one in SERVICES
            ),
            given_postgres=replace(plain, postgres_port=postgres.port).admin_url,
            given_kafka=f"{ports.HOST}:{kafka.port}",
        )
        self.issuer = Issuer.load(self.config)
        self._running: dict[str, Running] = {}
        self._start: dict[str, Callable[[], Running]] = {
            POSTGRES: self._start_postgres,
            BROKER: self._start_broker,
            GATEWAY: self._start_gateway,
        }
        for service in self.config.services:
            self._start[service.slug] = self._starter(service)
        for slug in SPLIT:
            for name in ("relay", "consume"):
                self.add(f"{slug}-{name}")

    @property
    def parts(self) -> list[str]:
        """The names of all parts, servers first."""
        return list(self._start)

    def add(self, name: str) -> None:
        """Name one more process of a service, `sales-relay-2`, say; `start` starts it."""
        slug, part = next(
            (slug, name.removeprefix(f"{slug}-").split("-")[0])
            for slug in SPLIT
            if name.startswith(f"{slug}-")
        )
        self._start[name] = self._starter(Service(slug, ports.free_port(), part), name)

    def remove(self, name: str, *, kill: bool) -> None:
        """End such a process, as a crash or in order, and forget it."""
        running = self._running.pop(name)
        del self._start[name]
        running.kill() if kill else running.stop()

    def url(self, slug: str) -> str:
        """The administrator's URL of a service's database, not through the proxy."""
        place, _, _ = self._direct_url.rpartition("/")
        return f"{place}/{self.config.service(slug).database}"

    def worker_url(self, slug: str) -> str:
        """The worker's URL of a service's database, not through the proxy."""
        return url_for(self._direct_url, "kehu_worker", self.config.service(slug).database)

    def token(self, tenant: str) -> str:
        """A token of an administrator of this tenant."""
        return mint_token(
            self.config,
            tenant=tenant,
            subject=f"user-of-{tenant}",
            roles=["administrator"],
            ttl=TOKEN_SECONDS,
        )

    def up(self) -> None:
        """Start everything and return when all of it is ready."""
        with ThreadPoolExecutor(8) as threads:
            servers = [threads.submit(self.start, name) for name in (POSTGRES, BROKER, GATEWAY)]
            for server in servers:
                server.result()
            provision(self._direct_url, [one.database for one in self.config.services])
            list(threads.map(self._migrate, SPLIT))
        for name in self.parts:
            if name not in self._running:
                self.start(name)
        self.await_ready()

    def down(self) -> None:
        """Stop everything, servers last."""
        servers = [self._running.pop(name) for name in (BROKER, POSTGRES) if name in self._running]
        for name in list(self._running):
            self.thaw(name)
        with ThreadPoolExecutor(max(1, len(self._running))) as threads:
            list(threads.map(lambda running: running.stop(), self._running.values()))
        for server in servers:
            server.stop()

    def start(self, name: str) -> None:
        """Start a part that does not run; servers accept connections when this returns."""
        self._running[name] = self._start[name]()

    def stop(self, name: str) -> None:
        """Stop a part in order."""
        self._running[name].stop()

    def kill(self, name: str) -> None:
        """Kill a part as a crash would (SIGKILL)."""
        self._running[name].kill()

    def freeze(self, name: str) -> None:
        """Suspend a part (SIGSTOP): it keeps its connections and locks, and does nothing."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a suspended part go on (SIGCONT)."""
        self._signal(name, signal.SIGCONT)

    def ended(self) -> list[str]:
        """The parts that do not run."""
        return [name for name in self.parts if not self._running[name].alive()]

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a part wrote."""
        return self._running[name].log_tail(lines)

    def await_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when every service is ready."""
        deadline = time.monotonic() + seconds
        waiting = [self._running[name] for name in self.parts if name not in (POSTGRES, BROKER)]
        while waiting := [one for one in waiting if not self._ready(one)]:
            if time.monotonic() > deadline:
                tails = "\n".join(f"{one.name}:\n{one.log_tail()}" for one in waiting)
                raise AssertionError(f"not ready after {seconds:.0f} s: {tails}")
            time.sleep(0.1)

    @staticmethod
    def _ready(running: Running) -> bool:
        path = "/healthz" if running.name == GATEWAY else "/readyz"
        return running.alive() and ports.answers(running.port, path)

    def _signal(self, name: str, number: int) -> None:
        process = self._running[name].process()
        if process is not None:
            process.send_signal(number)

    def _start_postgres(self) -> Running:
        return start_postgres(
            self._home / "postgres",
            self.postgres.target,
            durable=True,
            log=self._log(POSTGRES),
        ).running

    def _start_broker(self) -> Running:
        return start_kafka(
            self._home / "kafka",
            self.kafka.target,
            libs=self._libs,
            log=self._log(BROKER),
            advertised_port=self.kafka.port,
        ).running

    def _start_gateway(self) -> Running:
        return spawn(
            GATEWAY,
            [self.config.services[0].command[0], "-m", "kehu_local.gateway"],
            port=self.config.gateway_port,
            log=self._log(GATEWAY),
            env=self.config.environment(),
        )

    def _starter(self, service: Service, name: str | None = None) -> Callable[[], Running]:
        name = name or service.slug
        environment = self._environment(service)

        def start() -> Running:
            return spawn(
                name, service.command, port=service.port, log=self._log(name), env=environment
            )

        return start

    def _environment(self, service: Service) -> dict[str, str]:
        secret = self.issuer.secrets.get(service.slug, "")
        return self.config.service_environment(service, secret)

    def _migrate(self, slug: str) -> None:
        migrate = replace(self.config.service(slug), part="migrate")
        subprocess.run(migrate.command, env=self._environment(migrate), check=True)

    def _log(self, name: str) -> Path:
        return self.config.logs / f"{name}.log"


@contextmanager
def running_stage(home: Path, *, seed: int = 0) -> Iterator[Stage]:
    """Start everything in a folder of its own, on free ports; stop it in the end."""
    with (
        running_proxy(ports.free_port(), seed=seed) as kafka,
        running_proxy(ports.free_port(), seed=seed) as postgres,
    ):
        stage = Stage(home, kafka, postgres)
        try:
            stage.up()
            yield stage
        finally:
            stage.down()
