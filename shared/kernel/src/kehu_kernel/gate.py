"""Bounded concurrency: so many requests are worked on, a few wait briefly, the rest is refused.

A request takes its place when its body is there, so a slow client holds none, and gives it back
when its answer begins. Waiting costs a future and a timer; a free place costs a comparison.
"""

import asyncio
from collections import deque

from prometheus_client import Counter

from kehu_kernel.errors import Overloaded


class Gate:
    """Lets `limit` requests work at once; `queue` more wait in order, each up to `seconds`.

    `refused` counts those that found no room or waited in vain.
    """

    def __init__(self, *, limit: int, queue: int, seconds: float, refused: Counter) -> None:
        self._limit, self._queue, self._seconds = limit, queue, seconds
        self._refused = refused
        self._working = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def is_full(self) -> bool:
        """Tell whether one more would find neither a place nor room to wait."""
        return self._working >= self._limit and len(self._waiting) >= self._queue

    async def enter(self) -> None:
        """Take a place, or wait for one. Raises `Overloaded`."""
        if self._working < self._limit:
            self._working += 1
            return
        if self.is_full():
            self._refused.inc()
            raise Overloaded
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._seconds, self._give_up, turn)
        try:
            await turn
        except BaseException:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave()  # the place came at the moment the request was given up
            raise
        finally:
            timer.cancel()

    def leave(self) -> None:
        """Give the place back: to the one who has waited longest, if anybody waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._working -= 1

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            self._refused.inc()
            turn.set_exception(Overloaded())


class Place:
    """One request's place at the gate: taken once, given back once."""

    __slots__ = ("_gate", "_held")

    def __init__(self, gate: Gate) -> None:
        self._gate, self._held = gate, False

    async def enter(self) -> None:
        """Take the place, if it is not held yet. Raises `Overloaded`."""
        if not self._held:
            await self._gate.enter()
            self._held = True

    def leave(self) -> None:
        """Give the place back, if it is held."""
        if self._held:
            self._held = False
            self._gate.leave()
