"""A worker that goes round by round: looks for work, does some, waits when there is none.

What has to be done stands in the database; a round claims it with locks in the transaction that
does it. So a worker that dies loses nothing, and two at once share the work.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from kehu_kernel import broker

log = logging.getLogger("kehu.rounds")

STUCK_AFTER = 180.0


class Rounds:
    """Calls `work` until told to stop; at once again while it returns that something was done.

    It polls every `poll_interval` seconds, and looks at once when it is woken. An error makes it
    wait, longer each time.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[int]], *, poll_interval: float
    ) -> None:
        self.name = name
        self.stuck_after = STUCK_AFTER
        self._work = work
        self._poll_interval = poll_interval
        self._woken = asyncio.Event()
        self._began: float | None = None

    def wake(self) -> None:
        """Say that something was committed in this process: look at once, not at the next poll."""
        self._woken.set()

    def stuck(self) -> str | None:
        """Say so if a round takes far longer than any round takes; waiting is no round."""
        lasts = 0.0 if self._began is None else time.monotonic() - self._began
        return f"a round since {lasts:.0f} s" if lasts > self.stuck_after else None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the round under way is finished."""
        stopping = asyncio.create_task(self._wake_to_stop(stop))
        failures = 0
        try:
            while not stop.is_set():
                self._began = time.monotonic()
                self._woken.clear()
                try:
                    done = await self._work()
                except Exception as error:
                    failures += 1
                    log.warning("%s waits", self.name, extra={"error": repr(error)})
                    self._began = None
                    await broker.pause(stop, broker.backoff(failures))
                else:
                    failures, self._began = 0, None
                    if not done:
                        await self._wait()
        finally:
            stopping.cancel()

    async def _wake_to_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_interval):
                await self._woken.wait()
