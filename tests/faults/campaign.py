"""A campaign: people at work, faults at random moments from a seed, calm again, and the verdict.

python -m faults.campaign --seconds 600 --seed 7      # what `make soak` runs
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faults import history, world
from faults.faults import FAULTS, KAFKA_WIRE, POSTGRES_WIRE, Strike, carry_out, plan, targets_of
from faults.journeys import JOURNEYS, found
from faults.load import Load
from faults.stage import BROKER, POSTGRES, Stage, running_stage
from faults.verdict import violations

SETTLE_SECONDS = 120.0
"""After the last fault, everything acknowledged has arrived everywhere within this time."""
REPORT_EVERY = 10.0
PROJECTOR = "analytics-consume"
LONGEST = {KAFKA_WIRE: 15.0, POSTGRES_WIRE: 6.0, BROKER: 5.0, POSTGRES: 3.0}
LONGEST_SOAK = {**LONGEST, KAFKA_WIRE: 60.0}


@dataclass
class Report:
    """How a campaign went. It was good if `violations` is empty."""

    seed: int
    summary: str
    strikes: Sequence[Strike]
    settled_after: float
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}: {self.summary}; {len(self.strikes)} faults; "
            f"settled after {self.settled_after:.0f} s; {len(self.violations)} violations",
            *self.violations[:40],
        ]
        return "\n".join(lines)


async def campaign(
    stage: Stage,
    *,
    seed: int,
    seconds: float,
    kinds: Sequence[tuple[str, str]],
    every: float,
    rate: float = 40.0,
    soak: bool = False,
    say: Callable[[str], None] = print,
    tamper: Callable[[Sequence[str]], Awaitable[None]] | None = None,
) -> Report:
    """Work for `seconds`, with a fault `every` so many seconds; then settle and compare.

    `tamper` is for proving the comparison: it may damage what it likes of the tenants it is given.
    """
    say(f"seed {seed}")
    await calm(stage)
    rng = random.Random(seed)
    mark = f"{rng.getrandbits(32):08x}"
    tenants = [f"fire-{mark}-{name}" for name in ("a", "b", "c")]
    tokens = {tenant: stage.token(tenant) for tenant in tenants}
    strikes = plan(rng, seconds, kinds, every=every, longest=LONGEST_SOAK if soak else LONGEST)
    load = Load(stage.config.gateway_url, tokens, rng=random.Random(seed + 1), rate=rate)
    try:
        await asyncio.gather(*(found(load, tenant) for tenant in load.tenants))
        carried_out, died = await _under_fire(stage, load, strikes, seconds, say)
        await calm(stage)
        began = time.monotonic()
        await load.finish()
        open_ = await settled(lambda: world.unfinished(stage), say, within=SETTLE_SECONDS)
        settled_after = time.monotonic() - began
        report = Report(seed, history.summary(load.operations), carried_out, settled_after)
        report.violations += [f"ended by itself: {one}" for one in died]
        report.violations += [f"not settled: {one}" for one in open_]
        if tamper is not None:
            await tamper(tenants)
        report.violations += await _compared(stage, load, tenants)
        say(str(report))
        return report
    finally:
        await load.close()


async def _under_fire(
    stage: Stage,
    load: Load,
    strikes: Sequence[Strike],
    seconds: float,
    say: Callable[[str], None],
) -> tuple[list[Strike], list[str]]:
    """Return the faults that were carried out, and what ended without having been killed."""
    stop = asyncio.Event()
    working = asyncio.create_task(load.run(JOURNEYS, stop))
    telling = asyncio.create_task(_tell(load, say))
    try:
        ends = asyncio.get_running_loop().time() + seconds
        carried_out = await carry_out(stage, strikes, say)
        await asyncio.sleep(ends - asyncio.get_running_loop().time())
        died = [f"{name}\n{stage.log_tail(name)}" for name in stage.ended()]
    finally:
        stop.set()
        telling.cancel()
        await working
    return carried_out, died


async def _tell(load: Load, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(REPORT_EVERY)
        say(f"{time.monotonic() - began:5.0f} s: {history.summary(load.operations)}")


async def calm(stage: Stage) -> None:
    """End every fault: whatever lies down is started, and everything is ready."""
    stage.kafka.heal()
    stage.postgres.heal()
    for name in stage.parts:
        stage.thaw(name)
    for name in stage.ended():
        await asyncio.to_thread(stage.start, name)
    await asyncio.to_thread(stage.await_ready)


async def settled(
    look: Callable[[], Awaitable[list[str]]], say: Callable[[str], None], *, within: float
) -> list[str]:
    """Wait until `look` finds nothing open, twice in a row; return what is open in the end."""
    began = told = time.monotonic()
    quiet = 0
    while True:
        still = await look()
        quiet = 0 if still else quiet + 1
        if quiet == 2:
            return []
        if time.monotonic() - began > within:
            return still
        if time.monotonic() - told > REPORT_EVERY:
            told = time.monotonic()
            say(f"settling for {told - began:.0f} s: {', '.join(still)}")
        await asyncio.sleep(1)


async def _compared(stage: Stage, load: Load, tenants: Sequence[str]) -> list[str]:
    await asyncio.to_thread(stage.stop, PROJECTOR)
    try:
        return await violations(stage, load.operations, tenants)
    finally:
        await asyncio.to_thread(stage.start, PROJECTOR)


def every_kind(stage: Stage) -> list[tuple[str, str]]:
    """Return every fault with every target it may strike."""
    return [(fault, target) for fault in FAULTS for target in targets_of(fault, stage.parts)]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run one long campaign; the exit code tells how it went."""
    parser = argparse.ArgumentParser(prog="python -m faults.campaign")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--every", type=float, default=6, help="seconds between two faults")
    parser.add_argument("--rate", type=float, default=40, help="commands per second")
    asked = parser.parse_args()
    again = f"make soak SECONDS={asked.seconds:.0f} SEED={asked.seed}"
    _say(f"seed {asked.seed}; the same again: {again}")
    with (
        tempfile.TemporaryDirectory(prefix="kehu-faults-") as folder,
        running_stage(Path(folder), seed=asked.seed) as stage,
    ):
        report = asyncio.run(
            campaign(
                stage,
                seed=asked.seed,
                seconds=asked.seconds,
                kinds=every_kind(stage),
                every=asked.every,
                rate=asked.rate,
                soak=True,
                say=_say,
            )
        )
    if report.violations:
        _say(f"The same again: {again}")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
