"""Shows the logs of the local processes."""

import time
from collections.abc import Iterator
from pathlib import Path

from kehu_local.errors import LocalError

LAST_BYTES = 65_536
POLL_SECONDS = 0.3


def log_files(folder: Path, name: str | None) -> list[Path]:
    """Return the log of one process, or of all. Raises `LocalError` when there is none."""
    files = sorted(folder.glob("*.log"))
    if name is not None:
        known = ", ".join(path.stem for path in files) or "none yet; start with `make up`"
        files = [path for path in files if path.stem == name]
        if not files:
            raise LocalError(f"There is no log of {name}. There are logs of: {known}.")
    if not files:
        raise LocalError("There are no logs yet. Start the system first: make up")
    return files


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last lines of a log; it may be large, so only its end is read."""
    with path.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(0, size - LAST_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return lines[-count:]


def follow(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield the name of the process and each new line, without end."""
    positions = {path: path.stat().st_size for path in files}
    rests = dict.fromkeys(files, b"")
    while True:
        for path in files:
            if path.stat().st_size < positions[path]:
                positions[path] = 0  # it was set aside, and begins anew
            with path.open("rb") as log:
                log.seek(positions[path])
                fresh = log.read()
            positions[path] += len(fresh)
            *lines, rests[path] = (rests[path] + fresh).split(b"\n")
            for line in lines:
                yield path.stem, line.decode(errors="replace")
        time.sleep(POLL_SECONDS)
