"""What `kehu` shows while it works: a line per finished step, a moving line for the rest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.table import Table

from kehu_local.config import LocalConfig
from kehu_local.supervisor import WAITING, ProcessStatus, Report

notes = Console(stderr=True, highlight=False, soft_wrap=True)
FINISHED = {"ready": "green", "stopped": "green"}


@contextmanager
def progress(console: Console, title: str) -> Iterator[Report]:
    """Yield a reporter; it prints what has finished, and shows what is still going on.

    What takes long is named on standard error, for those who see no moving line.
    """
    began = time.monotonic()
    going_on: dict[str, str] = {}
    lock = Lock()
    with console.status(title) as status:

        def report(name: str, state: str) -> None:
            with lock:
                if state == WAITING:
                    seconds = time.monotonic() - began
                    notes.print(f"{title}: waiting for {name}, {seconds:.0f} s so far")
                    return
                if state in FINISHED:
                    going_on.pop(name, None)
                    seconds = time.monotonic() - began
                    console.print(
                        f"{name:<14} [{FINISHED[state]}]{state}[/] after {seconds:.1f} s",
                        highlight=False,
                    )
                else:
                    going_on[name] = state
                steps = ", ".join(f"{name} ({state})" for name, state in going_on.items())
                status.update(f"{title}: {steps}" if steps else title)

        yield report


def print_addresses(console: Console, config: LocalConfig, token: str | None = None) -> None:
    """Print where the system is reached; with a token, also an example that works as it stands."""
    console.print(f"\nKehu runs at [bold]{config.gateway_url}/[/]", highlight=False)
    for service in config.services:
        docs = f"{config.gateway_url}/api/{service.slug}/docs"
        console.print(f"  {service.slug:<13} {docs}", highlight=False)
    if token is None:
        console.print("A token: make -s token      Stop: make down", highlight=False)
        return
    example = f'curl -H "Authorization: Bearer {token}" {config.gateway_url}'
    console.print("Try (the token is an administrator's of the tenant demo):", highlight=False)
    console.print(f"{example}/api/customer/v1/customers", soft_wrap=True, highlight=False)


def status_table(rows: list[ProcessStatus]) -> Table:
    """Return the processes as a table with the sum of their memory."""
    total = sum(row.memory for row in rows)
    table = Table(show_footer=True)
    table.add_column("process", "total")
    table.add_column("pid", justify="right")
    table.add_column("port", justify="right")
    table.add_column("state")
    table.add_column("memory", f"{total / 2**20:.0f} MB", justify="right")
    for row in rows:
        state = "ready" if row.ready else "running, not ready" if row.running else "ended"
        colour = "green" if row.ready else "yellow" if row.running else "red"
        table.add_row(
            row.name,
            str(row.pid) if row.running else "",
            str(row.port),
            f"[{colour}]{state}[/]",
            f"{row.memory / 2**20:.0f} MB" if row.running else "",
        )
    return table
