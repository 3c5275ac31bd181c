"""What notices that nothing goes on: a worker that is stuck, an event loop that is blocked.

A stuck worker is cancelled and started again; one that gets stuck again and again, or does not even
let itself be cancelled, ends the process, and so does a blocked event loop. Whatever runs the
process (Kubernetes, systemd, the local run) starts it anew.
"""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from typing import Protocol, runtime_checkable

from prometheus_client import Counter

log = logging.getLogger("kehu.watchdog")

RESTARTS = Counter(
    "kehu_worker_restarts_total", "Times a worker was stuck and started again.", ["worker"]
)

LOOK_EVERY = 1.0
CANCEL_SECONDS = 20.0
RESTARTS_WITHIN = 3600.0
LOOP_BLOCKED = 86
"""Exit code of a process whose event loop was blocked, or whose tasks could not be ended."""
CHECKS = 10


class Worker(Protocol):
    """Something that runs until it is told to stop: the relay, a consumer, a saga."""

    stuck_after: float
    """Seconds without progress after which `stuck` says so; more than any step may take."""

    @property
    def name(self) -> str:
        """Name for logs and health."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what is begun and return.

        When it is cancelled it lets go of everything; it may then be run again.
        """

    def stuck(self) -> str | None:
        """Say why no progress is made, or return None."""


@runtime_checkable
class Wakeable(Protocol):
    """A worker that looks for work by itself now and then, but can be told that there is some."""

    def wake(self) -> None:
        """Say that a command was committed in this process."""


class Stuck(Exception):
    """A worker makes no progress, and to start it again has not helped."""


class Minder:
    """Runs a worker, and starts it again when it is stuck: at most `restarts` times an hour."""

    def __init__(self, worker: Worker, *, restarts: int, look_every: float = LOOK_EVERY) -> None:
        self._worker = worker
        self._restarts = restarts
        self._look_every = look_every
        self._restarted: list[float] = []
        self._given_up: str | None = None

    @property
    def name(self) -> str:
        """The worker's name."""
        return self._worker.name

    def stuck(self) -> str | None:
        """Say why the worker cannot be helped any more, or return None."""
        return self._given_up

    async def run(self, stop: asyncio.Event) -> None:
        """Run the worker until it ends. Raises what it raises, or `Stuck`."""
        while True:
            running = asyncio.create_task(self._worker.run(stop), name=self.name)
            try:
                reason = await self._watch(running, stop)
                if reason is None:
                    return
                await self._end(running, reason)
            finally:
                running.cancel()

    async def _watch(self, running: asyncio.Task[None], stop: asyncio.Event) -> str | None:
        """Wait until the worker ends (None), or say why it is stuck."""
        while True:
            await asyncio.wait({running}, timeout=self._look_every)
            if running.done():
                running.result()
                return None
            reason = self._worker.stuck()
            if reason is not None and not stop.is_set():
                return reason

    async def _end(self, running: asyncio.Task[None], reason: str) -> None:
        """Cancel the worker, so that it can be started again. Raises `Stuck`."""
        now = time.monotonic()
        self._restarted = [at for at in self._restarted if now - at < RESTARTS_WITHIN]
        where = [line for frame in running.get_stack() for line in traceback.format_stack(frame)]
        log.error(
            "worker is stuck",
            extra={"worker": self.name, "reason": reason, "stack": "".join(where[-5:])},
        )
        if len(self._restarted) >= self._restarts:
            self._give_up(f"{reason}, again after {self._restarts} restarts")
        running.cancel()
        await asyncio.wait({running}, timeout=CANCEL_SECONDS)
        if not running.done():
            self._give_up(f"{reason}, and it does not end")
        self._restarted.append(now)
        RESTARTS.labels(self.name).inc()

    def _give_up(self, reason: str) -> None:
        self._given_up = f"{self.name}: {reason}"
        raise Stuck(self._given_up)


class LoopWatch:
    """A thread that ends the process when the event loop has not turned for `seconds`.

    It counts its own looks, not the time: a process that was suspended is not taken for a blocked
    one when it goes on.
    """

    def __init__(self, seconds: float) -> None:
        self._interval = seconds / CHECKS
        self._turned = True
        self._stopped = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch the running event loop; 0 seconds means not at all."""
        if self._interval > 0:
            self._turn(asyncio.get_running_loop())
            threading.Thread(target=self._watch, name="loop watch", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned = True
        self._timer = loop.call_later(self._interval / 2, self._turn, loop)

    def _watch(self) -> None:
        missed = 0
        while not self._stopped.wait(self._interval):
            missed = 0 if self._turned else missed + 1
            self._turned = False
            if missed >= CHECKS:
                sys.stderr.write("The event loop is blocked; every thread was here:\n")
                sys.stderr.flush()
                faulthandler.dump_traceback(sys.stderr.fileno(), all_threads=True)
                os._exit(LOOP_BLOCKED)
