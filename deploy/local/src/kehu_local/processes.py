"""Processes that outlive the command that started them, and the notes that find them again.

A note holds the process id together with the moment the process began. Process ids are used again
by the system; the moment tells our process from a stranger that happens to have its number.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

STOP_SECONDS = 15.0
KILL_SECONDS = 5.0
LARGEST_LOG = 20_000_000  # bytes; a larger log is set aside when its process starts again
SAME_MOMENT_SECONDS = 2.0  # the system clock may be corrected between two looks at a process

_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started, now or by an earlier command.

    `created` is the moment it began, in seconds since 1970; `log_from` is where in the log, in
    bytes, what it wrote begins.
    """

    name: str
    pid: int
    created: float
    port: int
    log: str
    stop_signal: int = signal.SIGTERM
    log_from: int = 0

    def process(self) -> psutil.Process | None:
        """Return the process, or None when it has ended or its number belongs to a stranger."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            return None
        try:
            process = psutil.Process(self.pid)
            ours = abs(process.create_time() - self.created) < SAME_MOMENT_SECONDS
        except psutil.Error:
            return None
        return process if ours and _runs(process) else None

    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self.process() is not None

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Make it end in order; after `seconds` kill it and everything it started."""
        process = self.process()
        if process is None:
            return
        family = [process, *_descendants(process)]
        _signal(process, self.stop_signal)
        for member in self._await_end(family, seconds):
            _signal(member, signal.SIGKILL)
        self._await_end(family, KILL_SECONDS)

    def kill(self) -> None:
        """Kill it and everything it started, as a crash would."""
        process = self.process()
        if process is None:
            return
        family = [*_descendants(process), process]
        for member in family:
            _signal(member, signal.SIGKILL)
        self._await_end(family, KILL_SECONDS)

    def memory(self) -> int:
        """Return its resident bytes, its children's included; shared pages are counted once."""
        process = self.process()
        if process is None:
            return 0
        return sum(_memory(member) for member in (process, *_descendants(process)))

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines that it wrote."""
        try:
            with Path(self.log).open("rb") as log:
                log.seek(self.log_from)
                written = log.read()
        except OSError:
            return ""
        return "\n".join(written.decode(errors="replace").splitlines()[-lines:])

    def _await_end(self, family: list[psutil.Process], seconds: float) -> list[psutil.Process]:
        """Wait until all have ended; return those that have not after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            child = _children.get(self.pid)
            if child is not None and child.poll() is not None:
                del _children[self.pid]
            left = [member for member in family if _runs(member)]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.02)


def spawn(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    env: Mapping[str, str] | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Running:
    """Start a process of its own session that writes to `log`; Ctrl-C does not reach it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("ab") as output:
        log_from = output.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    _children[child.pid] = child
    created = psutil.Process(child.pid).create_time()
    return Running(name, child.pid, created, port, str(log), int(stop_signal), log_from)


class Notes:
    """The notes about running processes: one small JSON file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, running: Running) -> None:
        """Remember a process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(running.name)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(running)))
        draft.replace(path)

    def read(self, name: str) -> Running | None:
        """Return the note of this name; None when there is none or it cannot be read."""
        try:
            return Running(**json.loads(self._path(name).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def all(self) -> list[Running]:
        """Return every note, whether its process still runs or not."""
        names = sorted(path.stem for path in self._folder.glob("*.json"))
        return [note for name in names if (note := self.read(name)) is not None]

    def forget(self, name: str) -> None:
        """Remove a note."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _signal(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):  # it ended by itself, which is what the signal was for
        process.send_signal(number)


def _runs(process: psutil.Process) -> bool:
    """Tell whether it runs; one that has ended, but nobody has taken note of, does not.

    The first thread may have ended while others still hold files and ports.
    """
    try:
        ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        return process.is_running() and not ended
    except psutil.NoSuchProcess:
        return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
