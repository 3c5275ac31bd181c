"""PROFILE=1: where our server's time goes, by py-spy and pg_stat_statements.

Profiles are collapsed stacks: https://www.speedscope.app and flamegraph.pl open them.
"""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.servers import Bench, connected, run, say
from kehu_local.processes import Running

TOP = 15
SAMPLES_PER_SECOND = 200
STATEMENTS = """
SELECT calls, total_exec_time AS ms, mean_exec_time AS mean, rows,
    regexp_replace(query, '\\s+', ' ', 'g') AS query
FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT $1
"""


@contextmanager
def profiled(bench: Bench, name: str, running: Running) -> Iterator[None]:
    """Profile a process and the statements of the block, if PROFILE=1."""
    if not bench.choice.profile:
        yield
        return
    admin = bench.cluster.admin_url
    run(connected(admin, lambda one: _track(one, "top")))
    try:
        with spied(bench, name, running):
            yield
    finally:
        run(connected(admin, lambda one: _track(one, "none")))
    rows = run(connected(admin, lambda one: one.fetch(STATEMENTS, TOP)))
    say(f"{name}: statements\n{_statements(rows)}")


@contextmanager
def spied(bench: Bench, name: str, running: Running) -> Iterator[None]:
    """Profile a process alone, if PROFILE=1."""
    if not bench.choice.profile:
        yield
        return
    path = bench.folder / f"{name.replace(' ', '-').replace(',', '')}.{time.time_ns()}.stacks"
    spy = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(running.pid),
            "--function", "--format", "raw", "--rate", str(SAMPLES_PER_SECOND),
            "--duration", "unlimited", "--output", str(path),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield
    finally:
        spy.send_signal(signal.SIGINT)
        _, complaint = spy.communicate(timeout=60)
    if path.exists():
        say(f"{name}: profile kept as {path}\n{top(path.read_text(encoding='utf-8'))}")
    else:
        say(f"py-spy wrote nothing: {complaint.decode(errors='replace')[-500:]}")


def top(stacks: str) -> str:
    """Return the functions with the most time of their own, and with the most in all."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        names = [name for name in frames.split(";") if name]
        if not names:
            continue
        total += int(count)
        own[names[-1]] += int(count)
        packages[package(names[-1])] += int(count)
        whole.update(dict.fromkeys(names, int(count)))
    text = [f"{total} samples"]
    for title, counts, many in (
        ("own time by package", packages, TOP),
        ("own time by function", own, TOP),
        ("with what they call", whole, 4 * TOP),
    ):
        text.append(f"  {title}:")
        text += [f"  {count / total:6.1%}  {name}" for name, count in counts.most_common(many)]
    return "\n".join(text)


def package(frame: str) -> str:
    """Return where a frame's function lives: `sqlalchemy/orm` of `flush (sqlalchemy/orm/x.py)`."""
    path = frame.rpartition("(")[2].rstrip(")").partition(":")[0]
    return path.rpartition("/")[0] or path


def _statements(rows: list[Any]) -> str:
    return "\n".join(
        f"  {row['calls']:>8} calls {row['ms']:>9.0f} ms {row['mean'] * 1000:>8.0f} us each "
        f"{row['rows']:>8} rows  {row['query'][:110]}"
        for row in rows
    )


async def _track(connection: Any, what: str) -> None:
    await connection.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{what}'")
    await connection.execute("SELECT pg_reload_conf()")
    if what != "none":
        await connection.execute("SELECT pg_stat_statements_reset()")
