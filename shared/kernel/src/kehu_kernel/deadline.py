"""The time that one request may take, and what is certain when it is over.

Before its commit a command is cancelled and rolled back: nothing was done. A commit that has been
sent is given a moment of its own; if even that passes, nobody knows whether the change was made.
"""

import asyncio
from contextvars import ContextVar
from typing import Any

from kehu_kernel.db import Constraints, explain
from kehu_kernel.errors import DeadlinePassed, DomainError, OutcomeUnknown, Unavailable

COMMIT_SECONDS = 5.0
HEADER = b"kehu-deadline-ms"

_current: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)


class Deadline:
    """Bounds the block it is entered around; raises `TimeoutError` when the time is over."""

    __slots__ = ("_committing", "_seconds", "_timeout")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)
        self._committing = False

    async def __aenter__(self) -> "Deadline":
        _current.set(self)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        _current.set(None)
        await self._timeout.__aexit__(*failure)

    def commit_begins(self) -> None:
        """Note that COMMIT goes out now. Raises `TimeoutError` if the time is over already."""
        if self._timeout.expired():
            raise TimeoutError
        self._committing = True
        self._timeout.reschedule(asyncio.get_running_loop().time() + COMMIT_SECONDS)

    def begin_again(self) -> None:
        """Give the whole time anew, unless it is over."""
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    def explain(self, error: Exception, constraints: Constraints) -> DomainError | None:
        """Return what this failure means for the client, or None if it is a bug of ours."""
        if isinstance(error, DomainError):
            return error
        if self._timeout.expired():
            return OutcomeUnknown() if self._committing else DeadlinePassed(seconds=self._seconds)
        failure = explain(error, constraints)
        if self._committing and isinstance(failure, Unavailable):
            return OutcomeUnknown()
        return failure


def seconds_for(header: bytes | None, longest: float) -> float:
    """Return how long the request may take: what its caller waits, if that is shorter.

    A header that is no number is ignored: it can only shorten what holds anyway.
    """
    if header is None or not header.isdigit():
        return longest
    return min(longest, int(header) / 1000)


def commit_begins() -> None:
    """Tell the current request, if there is one, that its COMMIT goes out now.

    Raises `TimeoutError` if its time is over already.
    """
    deadline = _current.get()
    if deadline is not None:
        deadline.commit_begins()


def part_sent() -> None:
    """Tell the current request that a part of a long answer went out: the next has its own time."""
    deadline = _current.get()
    if deadline is not None:
        deadline.begin_again()
