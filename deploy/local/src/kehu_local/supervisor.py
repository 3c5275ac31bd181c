"""Starts and stops the whole system: PostgreSQL, broker, gateway and one process per service."""

import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kehu_contracts.topics import consumers_in
from kehu_local import ports
from kehu_local.broker import forget_members, start_broker
from kehu_local.config import LocalConfig, Service
from kehu_local.errors import LocalError
from kehu_local.issuer import Issuer
from kehu_local.kafka import fetch_kafka, start_kafka
from kehu_local.postgres import provision, start_postgres
from kehu_local.processes import STOP_SECONDS, Notes, Running, spawn
from kehu_local.routes import write_route

POSTGRES, BROKER, GATEWAY = "postgres", "broker", "gateway"
WAITING = "waited for"
TELL_SECONDS = 10.0
"""So often it is told what is waited for."""
SETTLE_SECONDS = 30.0
DRAIN_SECONDS = 30.0  # a little more than a service gives itself to end in order
NEXT, PREVIOUS = ".next", ".previous"

Report = Callable[[str, str], None]
"""Hears the name of a process and what has become of it."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """What `kehu status` shows about one process; `memory` is in bytes."""

    name: str
    pid: int
    port: int
    running: bool
    ready: bool
    memory: int


class Supervisor:
    """One local installation's processes. Its methods raise `LocalError` with what to do."""

    def __init__(self, config: LocalConfig, report: Report = lambda _name, _state: None) -> None:
        self._config = config
        self._report = report
        self._notes = Notes(config.home / "run")
        self._started: list[Running] = []

    def running(self) -> list[Running]:
        """Return the processes that run now, in the order in which they are started."""
        notes = sorted(self._notes.all(), key=lambda note: self._rank(note.name))
        return [note for note in notes if note.alive()]

    def ended(self) -> list[str]:
        """Return the names of processes that ended without having been stopped."""
        names = {_base(note.name) for note in self._notes.all()}
        return sorted(name for name in names if not self._lives(name))

    def up(self, *, apache: bool = False) -> list[str]:
        """Start what does not run yet and return its names when every process is ready.

        `apache` starts Apache Kafka rather than the embedded broker. If anything fails, what this
        call started is stopped again.
        """
        with self._alone():
            try:
                self._require_ports()
                self._start_gateway()
                self._start_servers(apache)
                self._settle()
                self._await_ready([self._start_service(one) for one in self._missing_services()])
                return [one.name for one in self._started]
            except BaseException:
                self._stop(self._started)
                raise
            finally:
                self._started = []

    def start_kafka(self) -> None:
        """Start Apache Kafka alone, as the broker that a later `up` uses."""
        with self._alone():
            if self._lives(BROKER):
                raise LocalError("A broker already runs. Stop the system first: make down")
            self._start_broker(apache=True)

    def restart(self, names: Sequence[str] = ()) -> list[str]:
        """Replace services (all without names) by new processes, without a failed request.

        The new process starts beside the old one; when it is ready, the gateway sends it the new
        requests; when the old one has answered the last of its own, it is stopped.
        """
        known = [one.slug for one in self._config.services]
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise LocalError(
                f"No such service: {', '.join(unknown)}. There are: {', '.join(known)}."
            )
        chosen = [one for one in self._config.services if not names or one.slug in names]
        with self._alone():
            try:
                for service in chosen:
                    self._replace(service)
            finally:
                self._started = []
        return [one.slug for one in chosen]

    def stop_sick(self, name: str) -> None:
        """End a process that does not answer; `up` starts it again."""
        with self._alone():
            sick = self._notes.read(name)
            if sick is not None:
                sick.stop(seconds=5)

    def unwell(self) -> list[str]:
        """Return the names of the gateway and services that run, but do not say they are well."""
        watched = [one for one in self.running() if one.name not in (POSTGRES, BROKER)]
        return [one.name for one in watched if not ports.answers(one.port, "/healthz")]

    def down(self) -> list[str]:
        """Stop everything, services first; return the names of what was stopped."""
        with self._alone():
            running = self.running()
            self._stop(running)
            for note in self._notes.all():
                if not note.alive():
                    self._notes.forget(note.name)
            return [one.name for one in running]

    def status(self) -> list[ProcessStatus]:
        """Describe every process that was started, those that have died included."""
        known = {note.name: note for note in self._notes.all()}
        rows = []
        for name in sorted(known, key=self._rank):
            note = known[name]
            alive = note.alive()
            rows.append(
                ProcessStatus(
                    name, note.pid, note.port, alive, alive and self._ready(note), note.memory()
                )
            )
        return rows

    def apache_runs(self) -> bool:
        """Tell whether the broker is not the embedded one."""
        broker = self._notes.read(BROKER)
        process = broker.process() if broker is not None else None
        return self._config.given_kafka is not None or (
            process is not None and "java" in process.name()
        )

    def _missing_services(self) -> list[Service]:
        return [one for one in self._config.services if not self._lives(one.slug)]

    def _require_ports(self) -> None:
        wanted = {GATEWAY: (self._config.gateway_port, "KEHU_GATEWAY_PORT")}
        if self._config.given_postgres is None:
            wanted[POSTGRES] = (self._config.postgres_port, "KEHU_POSTGRES_PORT")
        if self._config.given_kafka is None:
            wanted[BROKER] = (self._config.broker_port, "KEHU_BROKER_PORT")
        for service in self._config.services:
            wanted[service.slug] = (service.port, f"{service.prefix}PORT")
        ports.require_free({name: at for name, at in wanted.items() if not self._lives(name)})

    def _start_servers(self, apache: bool) -> None:
        with ThreadPoolExecutor(2) as threads:
            servers = [
                threads.submit(self._start_postgres),
                threads.submit(self._start_broker, apache=apache),
            ]
        for server in servers:
            server.result()

    def _start_postgres(self) -> None:
        if self._config.given_postgres is None and not self._lives(POSTGRES):
            self._report(POSTGRES, "starting")
            start_postgres(
                self._config.home / "postgres",
                self._config.postgres_port,
                durable=True,
                log=self._log(POSTGRES),
                on_spawn=self._remember,
            )
        provision(self._config.admin_url, [one.database for one in self._config.services])
        self._report(POSTGRES, "ready")

    def _start_broker(self, *, apache: bool) -> None:
        if self._config.given_kafka is not None or self._lives(BROKER):
            self._report(BROKER, "ready")
            return
        home, port, log = self._config.home, self._config.broker_port, self._log(BROKER)
        if apache:
            self._report(BROKER, "fetching Apache Kafka")
            libs = fetch_kafka(home)
            self._report(BROKER, "starting")
            start_kafka(home / "kafka" / "data", port, libs=libs, log=log, on_spawn=self._remember)
        else:
            self._report(BROKER, "starting")
            start_broker(home / "broker", port, log=log, on_spawn=self._remember)
        self._report(BROKER, "ready")

    def _start_gateway(self) -> None:
        if self._lives(GATEWAY):
            return
        self._report(GATEWAY, "starting")
        self._remember(
            spawn(
                GATEWAY,
                [sys.executable, "-m", "kehu_local.gateway"],
                port=self._config.gateway_port,
                log=self._log(GATEWAY),
                env=self._config.environment(),
            )
        )

    def _start_service(self, service: Service) -> Running:
        if self._notes.read(service.slug) is not None and not self.apache_runs():
            for consumer in consumers_in(service.slug):
                forget_members(self._config.kafka_bootstrap, f"kehu-{consumer}")
        running = self._spawn_service(service, service.slug)
        write_route(self._config, service.slug, service.port)
        return running

    def _spawn_service(self, service: Service, name: str) -> Running:
        secret = Issuer.load(self._config).secrets.get(service.slug, "")
        self._report(service.slug, "starting")
        running = spawn(
            name,
            service.command,
            port=service.port,
            log=self._log(service.slug),
            env=self._config.service_environment(service, secret),
        )
        self._remember(running)
        return running

    def _replace(self, service: Service) -> None:
        old = self._notes.read(service.slug)
        if old is None or not old.alive():
            raise LocalError(f"{service.slug} does not run. Start it: make up")
        port = service.port if ports.is_free(service.port) else ports.free_port()
        new = self._spawn_service(replace(service, port=port), service.slug + NEXT)
        try:
            self._await_ready([new])
        except BaseException:
            self._stop_one(new)
            raise
        write_route(self._config, service.slug, port)
        self._await_drained(service.slug, old.port)
        self._notes.write(replace(old, name=service.slug + PREVIOUS))
        self._notes.write(replace(new, name=service.slug))
        self._notes.forget(service.slug + NEXT)
        old.stop(DRAIN_SECONDS)
        self._notes.forget(service.slug + PREVIOUS)

    def _await_drained(self, slug: str, port: int) -> None:
        """Wait until the gateway has no request under way to the port."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while time.monotonic() < deadline:
            waiting = ports.fetch_json(self._config.gateway_port, "/in-flight")
            if waiting is None or not waiting.get(slug, {}).get(str(port)):
                return
            time.sleep(0.05)

    def _settle(self) -> None:
        """Wait until running services are ready, or have ended: one may be on its way out."""
        deadline = time.monotonic() + SETTLE_SECONDS
        for one in self.running():
            while one.alive() and not self._ready(one) and time.monotonic() < deadline:
                time.sleep(0.1)

    def _await_ready(self, services: list[Running]) -> None:
        waiting = {one.name: one for one in [*services, *self._gateway()]}
        began = told = time.monotonic()
        while waiting:
            for one in list(waiting.values()):
                if self._ready(one):
                    del waiting[one.name]
                    self._report(_base(one.name), "ready")
                elif not one.alive():
                    raise LocalError(
                        f"{one.name} ended while it was starting. Its log ({one.log}) says:\n"
                        f"{one.log_tail()}"
                    )
            now = time.monotonic()
            if waiting and now - began > self._config.ready_seconds:
                raise _too_late(list(waiting.values()), self._config.ready_seconds)
            if waiting and now - told > TELL_SECONDS:
                told = now
                self._report(", ".join(_base(name) for name in waiting), WAITING)
            time.sleep(0.1)

    def _gateway(self) -> list[Running]:
        gateway = self._notes.read(GATEWAY)
        return [gateway] if gateway is not None else []

    def _ready(self, running: Running) -> bool:
        if running.name in (POSTGRES, BROKER):
            return ports.wait_until_listening(running.port, running.alive, seconds=0.5)
        paths = ("/healthz",) if running.name == GATEWAY else ("/readyz", "/healthz")
        return all(ports.answers(running.port, path) for path in paths)

    def _stop(self, processes: list[Running]) -> None:
        """Stop services and gateway together, then the broker, then PostgreSQL."""
        servers = [one for one in processes if one.name in (POSTGRES, BROKER)]
        others = [one for one in processes if one not in servers]
        if others:
            with ThreadPoolExecutor(len(others)) as threads:
                list(threads.map(self._stop_one, others))
        for server in sorted(servers, key=lambda one: self._rank(one.name), reverse=True):
            self._stop_one(server)

    def _stop_one(self, running: Running) -> None:
        self._report(running.name, "stopping")
        running.stop(STOP_SECONDS)
        self._notes.forget(running.name)
        self._report(running.name, "stopped")

    def _rank(self, name: str) -> int:
        order = [POSTGRES, BROKER, GATEWAY, *(one.slug for one in self._config.services)]
        return order.index(_base(name)) if _base(name) in order else len(order)

    def _lives(self, name: str) -> bool:
        note = self._notes.read(name)
        return note is not None and note.alive()

    def _remember(self, running: Running) -> None:
        self._started.append(running)
        self._notes.write(running)

    def _log(self, name: str) -> Path:
        return self._config.logs / f"{name}.log"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the installation's lock, so that two commands never start or stop it at once."""
        self._config.home.mkdir(parents=True, exist_ok=True)
        with (self._config.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(
                    "Another `kehu` command is starting or stopping this system. "
                    "Wait until it has finished."
                ) from None
            yield


def _base(name: str) -> str:
    """Return the service that a process stands for, also while it is being replaced."""
    return name.removesuffix(NEXT).removesuffix(PREVIOUS)


def _too_late(waiting: list[Running], seconds: float) -> LocalError:
    late = ", ".join(one.name for one in waiting)
    tails = "\n".join(one.log_tail() for one in waiting)
    return LocalError(
        f"Not ready after {seconds:.0f} s: {late}. A slow machine needs more: --timeout, or "
        f"KEHU_READY_SECONDS.\n{tails}"
    )
