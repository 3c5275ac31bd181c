"""The processes of a service: `api | relay | consume | migrate | all | dlq`.

Production runs api, relay and consume as deployments of one image; `all` runs the three in one
process, after migrating, for small installations and local use. SIGTERM ends each gracefully:
workers finish what is begun and give back locks and group memberships, so that a successor takes
over at once; the API serves on while load balancers learn of it, answers what is begun, and ends.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import uvloop
from fastapi import FastAPI
from fastapi.routing import APIRoute
from opentelemetry import trace
from sqlalchemy.exc import SQLAlchemyError

from kehu_kernel import deadletters, migrations, telemetry
from kehu_kernel.app import open_database
from kehu_kernel.audit_chain import Sealing
from kehu_kernel.db import Database
from kehu_kernel.housekeeping import Housekeeping, purges
from kehu_kernel.parking import Replayer
from kehu_kernel.relay import Relay, republish
from kehu_kernel.rounds import Rounds
from kehu_kernel.server import new_server
from kehu_kernel.settings import ServiceSettings
from kehu_kernel.watchdog import LOOP_BLOCKED, LoopWatch, Minder, Wakeable, Worker

__all__ = ["Databases", "Service", "Wakeable", "Worker", "main"]

log = logging.getLogger("kehu.process")

SCHEMA_CHECK_INTERVAL = 1.0
GARBAGE_THRESHOLDS = (10_000, 20, 50)
CANCEL_SECONDS = 5.0


class ConsumingWorker(Worker, Replayer, Protocol):
    """A worker that handles events, and can do so again for parked ones."""


@dataclass(frozen=True, slots=True)
class Databases:
    """The service's database, entered as the tenant-bound application and as the worker."""

    app: Database
    worker: Database


def no_jobs(
    _databases: Databases, _settings: ServiceSettings, _wake: Callable[[], None]
) -> Sequence[Worker]:
    """Return nothing: most services have no jobs."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """What the process runner has to know of a service."""

    name: str
    settings: Callable[..., ServiceSettings]
    create_app: Callable[[Any], FastAPI]
    migrations: Path
    consumers: Callable[[Databases, Any, Callable[[], None]], Sequence[ConsumingWorker]]
    """Makes the workers that consume events; the last argument wakes the relay after a commit."""
    jobs: Callable[[Databases, Any, Callable[[], None]], Sequence[Worker]] = no_jobs
    """Makes workers that do something else, like going on with sagas; run by `consume` too."""


def main(service: Service, arguments: Sequence[str] | None = None) -> None:
    """Run the process that the command line names; it returns after a graceful stop."""
    parser = argparse.ArgumentParser(prog=f"python -m kehu_{service.name.replace('-', '_')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("api", help="serve the HTTP API")
    commands.add_parser("relay", help="publish the outbox to Kafka")
    commands.add_parser("consume", help="handle events of other services")
    commands.add_parser("migrate", help="bring the database schema to the newest revision")
    commands.add_parser("check", help="fail if models and migrations differ")
    commands.add_parser("all", help="migrate, then api, relay and consume in one process")
    make = commands.add_parser("revision", help="write a migration from the models")
    make.add_argument("message")
    again = commands.add_parser(
        "republish", help="publish kept events again, after a broker's loss"
    )
    again.add_argument("--since", required=True, type=datetime.fromisoformat, help="ISO 8601 time")
    deadletters.add_commands(commands)
    chosen = parser.parse_args(arguments)
    settings = service.settings()
    telemetry.configure_logging(settings.log_level, settings.log_format)
    if chosen.command == "migrate":
        migrations.upgrade(service.migrations, _owner_url(settings))
    elif chosen.command == "check":
        migrations.check(service.migrations, _owner_url(settings))
    elif chosen.command == "revision":
        migrations.revision(service.migrations, _owner_url(settings), chosen.message)
    elif chosen.command == "republish":
        asyncio.run(_republish(service, settings, chosen.since))
    elif chosen.command == "dlq":
        raise SystemExit(asyncio.run(_dead_letters(service, settings, chosen)))
    else:
        uvloop.run(_serve(service, settings, chosen.command))


def _owner_url(settings: ServiceSettings) -> str:
    if settings.owner_database_url is None:
        prefix = settings.model_config.get("env_prefix", "")
        raise SystemExit(f"Set {prefix}OWNER_DATABASE_URL: migrations run as the owner role.")
    return settings.owner_database_url


async def _serve(service: Service, settings: ServiceSettings, command: str) -> None:
    """Run the parts of `command` until SIGTERM or SIGINT, or until one of them dies."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if command == "all" and settings.owner_database_url is not None:
        await asyncio.to_thread(migrations.upgrade, service.migrations, settings.owner_database_url)
    databases = Databases(
        app=open_database(service.name, settings),
        worker=open_database(service.name, settings, worker=True),
    )
    workers = _workers(service, settings, databases, command)
    minders = [Minder(worker, restarts=settings.worker_restarts) for worker in workers]
    app = service.create_app(settings)
    trace.set_tracer_provider(app.state.tracer_provider)  # for the spans of the workers
    app.state.after_commit = _waking([one for one in workers if isinstance(one, Wakeable)])
    app.state.healthy = lambda: next(filter(None, (minder.stuck() for minder in minders)), None)
    watching = asyncio.create_task(_watch_schema(app, service, databases.app))
    server = new_server(app if serves_api(command) else _only_operational(app), settings)
    loop_watch = LoopWatch(settings.loop_blocked_seconds)
    loop_watch.start()
    serving = asyncio.create_task(server.serve(), name="api")
    working = [asyncio.create_task(minder.run(stop), name=minder.name) for minder in minders]
    stopping = asyncio.create_task(stop.wait())
    collect_garbage_seldom()
    log.info("started", extra={"command": command, "port": settings.port})
    tasks = [serving, *working]
    await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    # Told to stop, a quick worker may be through by now: it died only if it failed.
    died = [task for task in tasks if task.done() and (task.exception() or not stop.is_set())]
    watching.cancel()
    app.state.not_ready, app.state.draining = "stopping", True
    stop.set()
    if serves_api(command) and not died:
        await asyncio.wait([serving], timeout=settings.drain_seconds)
    server.should_exit = True
    await asyncio.wait(tasks, timeout=settings.shutdown_grace_seconds)
    await _end([stopping, *tasks])
    await databases.app.dispose()
    await databases.worker.dispose()
    loop_watch.stop()
    for task in died:
        task.result()  # raises what killed it: the process ends with that error
    if died:
        raise SystemExit(f"{died[0].get_name()} ended unexpectedly")


def collect_garbage_seldom() -> None:
    """Leave what lives as long as the process out of every search for garbage, and search less.

    Almost everything a request makes is freed by counting references. Left to its defaults, the
    collector walks through the whole program every few hundred requests, tens of milliseconds long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def serves_api(command: str) -> bool:
    """Tell whether a process of this kind answers requests."""
    return command in ("api", "all")


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel what is left. What cannot be cancelled would keep the process from ending."""
    left = {task for task in tasks if not task.done()}
    for task in left:
        task.cancel()
    if left and (await asyncio.wait(left, timeout=CANCEL_SECONDS))[1]:
        log.error("ending by force", extra={"left": [task.get_name() for task in left]})
        os._exit(LOOP_BLOCKED)


def _workers(
    service: Service, settings: ServiceSettings, databases: Databases, command: str
) -> list[Worker]:
    wake: Callable[[], None] = _nobody
    workers: list[Worker] = []
    if command in ("relay", "all"):
        housekeeping = Housekeeping(
            databases.worker,
            service=service.name,
            purges=purges(
                sent_events=timedelta(days=settings.sent_event_retention_days),
                idempotency_keys=timedelta(days=settings.idempotency_retention_days),
            ),
        )
        relay = Relay(
            databases.worker,
            service=service.name,
            bootstrap=settings.kafka_bootstrap,
            poll_interval=settings.relay_poll_interval,
            housekeeping=housekeeping,
        )
        workers.append(relay)
        wake = relay.wake
    if command in ("consume", "all"):
        workers += service.consumers(databases, settings, wake)
        workers += service.jobs(databases, settings, wake)
        sealing = Sealing(databases.worker, entries=settings.audit_seal_entries)
        workers.append(
            Rounds("audit-seals", sealing.work, poll_interval=settings.audit_seal_interval)
        )
    if settings.worker_stuck_seconds is not None:
        for worker in workers:
            worker.stuck_after = settings.worker_stuck_seconds
    return workers


def _waking(workers: Sequence[Wakeable]) -> Callable[[], None]:
    def wake() -> None:
        for worker in workers:
            worker.wake()

    return wake


def _nobody() -> None:
    """Wake nobody: the relay runs in another process and polls."""


def _only_operational(app: FastAPI) -> FastAPI:
    """Keep health and metrics: a worker process serves no API."""
    app.router.routes = [route for route in app.router.routes if not isinstance(route, APIRoute)]
    return app


async def _watch_schema(app: FastAPI, service: Service, database: Database) -> None:
    """Keep the process from being ready until the database is migrated."""
    while (problem := await schema_problem(service, database)) is not None:
        if problem != app.state.not_ready:
            log.warning("not ready: %s", problem)
        app.state.not_ready = problem
        await asyncio.sleep(SCHEMA_CHECK_INTERVAL)
    app.state.not_ready = None


async def schema_problem(service: Service, database: Database) -> str | None:
    """Say why this code cannot work on the schema, or return None."""
    try:
        async with database.engine.connect() as connection:
            found = await connection.run_sync(migrations.current)
    except (OSError, SQLAlchemyError) as error:
        return f"the schema's revision cannot be read: {type(error).__name__}"
    if not migrations.is_behind(service.migrations, found):
        return None
    expected = migrations.newest(service.migrations)
    return f"the database is at revision {found}, this version needs {expected}: run `migrate`"


async def _republish(service: Service, settings: ServiceSettings, since: datetime) -> None:
    database = open_database(service.name, settings, worker=True)
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    count = await republish(database, since=since)
    await database.dispose()
    sys.stdout.write(f"{count} events will be published again by the relay\n")


async def _dead_letters(
    service: Service, settings: ServiceSettings, chosen: argparse.Namespace
) -> int:
    databases = Databases(
        app=open_database(service.name, settings),
        worker=open_database(service.name, settings, worker=True),
    )
    consumers = service.consumers(databases, settings, _nobody)
    try:
        return await deadletters.run(chosen, databases.worker, consumers)
    finally:
        await databases.app.dispose()
        await databases.worker.dispose()
