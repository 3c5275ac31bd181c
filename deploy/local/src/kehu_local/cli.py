"""The command `kehu`: the whole system on this machine."""

import signal
import sys
from dataclasses import replace
from importlib import import_module
from types import FrameType
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console

from kehu_contracts.access import ROLES, RowScope
from kehu_local.config import DEMO_TENANT, DemoSet, LocalConfig
from kehu_local.console import print_addresses, progress, status_table
from kehu_local.errors import LocalError
from kehu_local.issuer import DEVELOPER_TOKEN_SECONDS, mint_token
from kehu_local.kafka import fetch_kafka
from kehu_local.logs import follow, last_lines, log_files
from kehu_local.supervisor import GATEWAY, Supervisor
from kehu_local.watch import Watch

app = typer.Typer(
    help="Run the whole of Kehu on this machine.", no_args_is_help=True, add_completion=False
)
ROLE_HELP = f"May be repeated; administrator if omitted. One of: {', '.join(ROLES)}."
TIMEOUT_HELP = "Seconds that services may take to be ready; KEHU_READY_SECONDS or 300 if omitted."
console = Console()
problems = Console(stderr=True)


@app.command()
def up(
    demo: Annotated[bool, typer.Option(help="Load the demo data unless it is there.")] = False,
    foreground: Annotated[bool, typer.Option(help="Stay, and stop all on Ctrl-C.")] = False,
    kafka: Annotated[
        bool, typer.Option(help="Apache Kafka rather than the embedded broker.")
    ] = False,
    timeout: Annotated[float | None, typer.Option(min=1, help=TIMEOUT_HELP)] = None,
) -> None:
    """Start everything that does not run yet, and return when all of it is ready."""
    config = LocalConfig.from_environment()
    if timeout is not None:
        config = replace(config, ready_seconds=timeout)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell has background jobs ignore it
    if not foreground:
        _start(config, demo=demo, kafka=kafka)
        print_addresses(console, config)
        return
    if any(one.name == GATEWAY for one in Supervisor(config).running()):
        raise LocalError("Kehu already runs here. Stop it first: make down")
    try:
        _start(config, demo=demo, kafka=kafka)
        print_addresses(console, config, _administrator(config))
        console.print("Ctrl-C stops everything.")
        Watch(Supervisor(config), _tell).run()
    except KeyboardInterrupt:
        console.print()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C
        _stop(config)


@app.command()
def down() -> None:
    """Stop everything; nothing is left running."""
    if not _stop(LocalConfig.from_environment()):
        console.print("Nothing was running.")


@app.command()
def restart(
    services: Annotated[list[str] | None, typer.Argument(help="Services; all without.")] = None,
) -> None:
    """Replace services by new processes, one after the other, while the system goes on serving."""
    config = LocalConfig.from_environment()
    with progress(console, "Restarting") as report:
        Supervisor(config, report).restart(services or ())


@app.command()
def watch() -> None:
    """Stay, and start again what dies, gets stuck or does not answer, until Ctrl-C."""
    supervisor = Supervisor(LocalConfig.from_environment())
    if not supervisor.running():
        raise LocalError("Nothing is running. Start with: make up")
    try:
        Watch(supervisor, _tell).run()
    except KeyboardInterrupt:
        console.print()


@app.command()
def status() -> None:
    """Show every process: its port, whether it is ready, its memory."""
    rows = Supervisor(LocalConfig.from_environment()).status()
    if not rows:
        console.print("Nothing is running. Start with: make up")
        return
    console.print(status_table(rows))
    if any(not row.running for row in rows):
        console.print("Processes have ended. See `kehu logs <process>`; `make up` starts them.")


@app.command()
def token(
    tenant: Annotated[str, typer.Option(help="Whose data.")] = DEMO_TENANT,
    role: Annotated[list[str] | None, typer.Option(help=ROLE_HELP)] = None,
    subject: Annotated[str, typer.Option(help="Who acts.")] = "demo-administrator",
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    employee_id: Annotated[UUID | None, typer.Option(help="The employee it belongs to.")] = None,
    row_scope: Annotated[
        RowScope, typer.Option(help="Which rows: the employee's own, its department's, or all.")
    ] = RowScope.ALL,
    ttl: Annotated[int, typer.Option(min=1, help="Seconds it is valid.")] = DEVELOPER_TOKEN_SECONDS,
) -> None:
    """Print a token, and nothing else."""
    roles = role or ["administrator"]
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise LocalError(f"No such role: {', '.join(unknown)}. There are: {', '.join(ROLES)}.")
    print(
        mint_token(
            LocalConfig.from_environment(),
            tenant=tenant,
            subject=subject,
            roles=roles,
            name=name,
            employee_id=employee_id,
            row_scope=row_scope,
            ttl=ttl,
        )
    )


@app.command()
def demo(
    sets: Annotated[
        list[DemoSet] | None, typer.Option("--set", help="May be repeated; all if omitted.")
    ] = None,
) -> None:
    """Load the demo data through the APIs, unless it is there."""
    _load_demo(LocalConfig.from_environment(), sets or [*DemoSet])


@app.command()
def logs(
    process: Annotated[str | None, typer.Argument(help="One process; all without.")] = None,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0)] = 40,
) -> None:
    """Show the last lines of the logs."""
    files = log_files(LocalConfig.from_environment().logs, process)
    for path in files:
        for line in last_lines(path, lines):
            _print_line(path.stem, line, len(files) > 1)
    if follow_:
        for name, line in follow(files):
            _print_line(name, line, len(files) > 1)


@app.command()
def kafka(
    fetch: Annotated[bool, typer.Option(help="Fetch it only; do not start it.")] = False,
) -> None:
    """Start Apache Kafka as the broker; the first time it is fetched with Maven."""
    config = LocalConfig.from_environment()
    if fetch:
        with console.status("Fetching Apache Kafka with Maven"):
            libs = fetch_kafka(config.home)
        console.print(f"Apache Kafka is in {libs}", highlight=False)
        return
    with progress(console, "Starting Apache Kafka") as report:
        Supervisor(config, report).start_kafka()
    console.print(f"Apache Kafka listens on {config.kafka_bootstrap}. Stop: make down")


def main() -> None:
    """Run the command line; what stands in the way is told in a sentence, not in a traceback."""
    try:
        app()
    except LocalError as error:
        problems.print(f"[red]kehu:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _start(config: LocalConfig, *, demo: bool, kafka: bool) -> None:
    with progress(console, "Starting Kehu") as report:
        started = Supervisor(config, report).up(apache=kafka)
    if not started:
        console.print("Everything was already running.")
    if demo:
        _load_demo(config, [*DemoSet])


def _stop(config: LocalConfig) -> list[str]:
    with progress(console, "Stopping Kehu") as report:
        return Supervisor(config, report).down()


def _load_demo(config: LocalConfig, sets: list[DemoSet]) -> None:
    if not any(one.name == GATEWAY for one in Supervisor(config).running()):
        raise LocalError("The demo data goes through the APIs. Start the system first: make up")
    # Imported here: its readers of tables are slow to load, and no other command needs them.
    import_module("kehu_local.demo").load(config, console, sets)


def _administrator(config: LocalConfig) -> str:
    return mint_token(
        config, tenant=DEMO_TENANT, subject="demo-administrator", roles=["administrator"]
    )


def _tell(sentence: str) -> None:
    problems.print(f"[yellow]kehu:[/] {_plain(sentence)}", highlight=False, soft_wrap=True)


def _print_line(name: str, line: str, prefixed: bool) -> None:
    text = f"{name:<13} {line}" if prefixed else line
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
