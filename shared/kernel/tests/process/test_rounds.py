"""Rounds: work until there is none, wait, be woken, go on after errors, be told when stuck."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kehu_kernel import broker
from kehu_kernel.rounds import Rounds

FOREVER = 3600.0
Work = Callable[[], Awaitable[int]]


@contextlib.asynccontextmanager
async def going(work: Work) -> AsyncIterator[Rounds]:
    """Rounds that are told to stop at the end of the block, and do."""
    rounds, stop = Rounds("test", work, poll_interval=FOREVER), asyncio.Event()
    task = asyncio.create_task(rounds.run(stop))
    try:
        yield rounds
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def test_go_on_while_there_is_work_and_wait_when_there_is_none() -> None:
    left, idle = [3, 2, 1], asyncio.Event()

    async def work() -> int:
        if left:
            return left.pop()
        idle.set()
        return 0

    async with asyncio.timeout(10), going(work) as rounds:
        await idle.wait()
        assert left == []
        left.append(1)
        idle.clear()
        rounds.wake()  # not in an hour
        await idle.wait()
        assert left == []


async def test_an_error_does_not_end_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "backoff", lambda failures: 0.01 * failures)
    tries, done = 0, asyncio.Event()

    async def work() -> int:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionError("no database")
        done.set()
        return 0

    async with asyncio.timeout(10), going(work):
        await done.wait()
    assert tries == 3


async def test_a_long_round_is_stuck_and_a_long_wait_is_not() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        entered.set()
        await leave.wait()
        return 0

    async with asyncio.timeout(10), going(work) as rounds:
        rounds.stuck_after = 0.0
        await entered.wait()
        await asyncio.sleep(0.01)
        assert rounds.stuck() is not None
        leave.set()
        await asyncio.sleep(0.05)  # the round is over, the wait has begun
        assert rounds.stuck() is None
