"""What makes no progress is noticed, started again a few times, and given up in the end."""

import asyncio
import subprocess
import sys
import time

import pytest
from prometheus_client import REGISTRY

from kehu_kernel import watchdog
from kehu_kernel.watchdog import LOOP_BLOCKED, Minder, Stuck

SOON = 0.02


class Sleeper:
    """A worker that gets stuck as often as it is told to; then it waits to be stopped."""

    stuck_after = 0.1

    def __init__(self, times: int, *, stubborn: bool = False) -> None:
        self.name = f"sleeper {id(self)}"
        self.runs = 0
        self._times, self._stubborn = times, stubborn
        self._at = time.monotonic()
        self.released = asyncio.Event()

    def stuck(self) -> str | None:
        silent = time.monotonic() - self._at
        return "no progress" if silent > self.stuck_after else None

    async def run(self, stop: asyncio.Event) -> None:
        self.runs += 1
        self._at = time.monotonic()
        if self.runs <= self._times:
            await self._sleep()
        while not stop.is_set():
            self._at = time.monotonic()
            await asyncio.sleep(SOON)

    async def _sleep(self) -> None:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                if not self._stubborn:
                    raise

    def restarts(self) -> float | None:
        return REGISTRY.get_sample_value("kehu_worker_restarts_total", {"worker": self.name})


class TestStuckWorker:
    async def test_is_cancelled_and_started_again(self, caplog: pytest.LogCaptureFixture) -> None:
        worker, stop = Sleeper(times=2), asyncio.Event()
        minder = Minder(worker, restarts=3, look_every=SOON)
        running = asyncio.create_task(minder.run(stop))
        async with asyncio.timeout(20):
            while worker.runs < 3:  # noqa: ASYNC110 - the worker is none of ours to change
                await asyncio.sleep(SOON)
        await asyncio.sleep(0.3)
        assert worker.runs == 3
        assert worker.restarts() == 2
        assert minder.stuck() is None
        (first, *_) = [record for record in caplog.records if record.message == "worker is stuck"]
        assert "_sleep" in first.stack  # type: ignore[attr-defined]
        stop.set()
        await asyncio.wait_for(running, 20)

    async def test_is_given_up_when_that_does_not_help(self) -> None:
        worker = Sleeper(times=99)
        minder = Minder(worker, restarts=2, look_every=SOON)
        with pytest.raises(Stuck, match="no progress, again after 2 restarts"):
            await asyncio.wait_for(minder.run(asyncio.Event()), 20)
        assert worker.runs == 3
        assert "no progress" in str(minder.stuck())

    async def test_is_given_up_when_it_cannot_be_cancelled(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watchdog, "CANCEL_SECONDS", 0.2)
        worker = Sleeper(times=1, stubborn=True)
        minder = Minder(worker, restarts=9, look_every=SOON)
        with pytest.raises(Stuck, match="does not end"):
            await asyncio.wait_for(minder.run(asyncio.Event()), 20)
        assert minder.stuck() is not None
        worker.released.set()

    async def test_one_that_fails_ends_with_its_error(self) -> None:
        class Broken(Sleeper):
            async def run(self, _stop: asyncio.Event) -> None:
                raise ValueError("a bug")

        with pytest.raises(ValueError, match="a bug"):
            await Minder(Broken(0), restarts=9).run(asyncio.Event())


PROCESS = """
import asyncio, sys, time
from kehu_kernel.watchdog import LoopWatch

def a_long_calculation():
    time.sleep(float(sys.argv[2]))

async def main():
    watch = LoopWatch(float(sys.argv[1]))
    watch.start()
    await asyncio.sleep(0.2)
    a_long_calculation()
    await asyncio.sleep(0.2)
    watch.stop()

asyncio.run(main())
"""


def run(limit: float, blocked: float) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROCESS, str(limit), str(blocked)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


class TestBlockedLoop:
    def test_ends_the_process_and_says_where_it_was(self) -> None:
        ended = run(1.0, 50.0)
        assert ended.returncode == LOOP_BLOCKED
        assert "The event loop is blocked" in ended.stderr
        assert "a_long_calculation" in ended.stderr

    @pytest.mark.parametrize("limit", [30.0, 0.0])
    def test_a_short_one_is_left_alone_and_so_is_a_debugger(self, limit: float) -> None:
        assert run(limit, 1.0).returncode == 0
