"""Keeps the system up: starts again what has died, and what does not answer or says it is stuck.

In production Kubernetes does this, by the same addresses.
"""

import time
from collections import Counter
from collections.abc import Callable

from kehu_local.errors import LocalError
from kehu_local.supervisor import Supervisor

LOOK_EVERY = 1.0
SICK_AFTER = 5  # looks in a row; each waits up to two seconds for an answer
LONGEST_PAUSE = 60.0
CALM_SECONDS = 120.0
"""After so long without a restart the pauses between restarts are short again."""


class Watch:
    """Looks after one installation. `tell` hears in a sentence what was done and why."""

    def __init__(
        self, supervisor: Supervisor, tell: Callable[[str], None], *, look_every: float = LOOK_EVERY
    ) -> None:
        self._supervisor = supervisor
        self._tell = tell
        self._look_every = look_every
        self._apache = supervisor.apache_runs()
        self._misses: Counter[str] = Counter()
        self._restarts = 0
        self._restarted_at = 0.0

    def run(self) -> None:
        """Look until somebody has stopped the system."""
        while self._supervisor.running():
            self.look()
            time.sleep(self._look_every)

    def look(self) -> None:
        """Look once: restart what has ended, and what was unwell too often in a row."""
        unwell = self._supervisor.unwell()
        self._misses = Counter({name: self._misses[name] + 1 for name in unwell})
        try:
            for name in [name for name, misses in self._misses.items() if misses >= SICK_AFTER]:
                self._tell(f"{name} is stuck or does not answer; it is restarted.")
                self._supervisor.stop_sick(name)
                del self._misses[name]
            ended = self._supervisor.ended()
            if ended and time.monotonic() >= self._restarted_at + self._pause():
                self._revive(ended)
        except LocalError as error:
            self._tell(str(error))

    def _revive(self, ended: list[str]) -> None:
        if time.monotonic() - self._restarted_at > CALM_SECONDS:
            self._restarts = 0
        self._restarts += 1
        self._restarted_at = time.monotonic()
        self._tell(f"{', '.join(ended)} ended; started again. See: .venv/bin/kehu logs <name>")
        self._supervisor.up(apache=self._apache)

    def _pause(self) -> float:
        """Seconds since the last restart before the next one: none at first, then doubling."""
        return min(LONGEST_PAUSE, 2.0**self._restarts) if self._restarts else 0.0
