"""What goes wrong on purpose: each fault strikes a target, holds for a while, and is healed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from faults.proxy import FaultProxy
from faults.stage import BROKER, GATEWAY, POSTGRES, Stage

KAFKA_WIRE, POSTGRES_WIRE = "wire to broker", "wire to postgres"
SERVERS = (POSTGRES, BROKER)


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault at one target: when it begins and how long it holds, in seconds."""

    at: float
    fault: str
    target: str
    hold: float

    def __str__(self) -> str:
        return f"{self.at:5.1f} s: {self.fault} {self.target} for {self.hold:.1f} s"


async def kill(stage: Stage, strike: Strike) -> None:
    """SIGKILL, and start again later."""
    await asyncio.to_thread(stage.kill, strike.target)
    await asyncio.sleep(strike.hold)
    await asyncio.to_thread(stage.start, strike.target)


async def freeze(stage: Stage, strike: Strike) -> None:
    """SIGSTOP, and SIGCONT later."""
    stage.freeze(strike.target)
    await asyncio.sleep(strike.hold)
    stage.thaw(strike.target)


async def second(stage: Stage, strike: Strike) -> None:
    """Another process of the same part joins, and leaves in order or by a crash."""
    name = f"{strike.target}-2"
    stage.add(name)
    await asyncio.to_thread(stage.start, name)
    await asyncio.sleep(strike.hold)
    await asyncio.to_thread(stage.remove, name, kill=int(strike.hold * 10) % 2 == 0)


async def unreachable(stage: Stage, strike: Strike) -> None:
    """Connections are reset, new ones refused."""
    await _on_wire(stage, strike, FaultProxy.refuse)


async def stalled(stage: Stage, strike: Strike) -> None:
    """Connections stay open, and nothing arrives."""
    await _on_wire(stage, strike, FaultProxy.stall)


async def unanswering(stage: Stage, strike: Strike) -> None:
    """Everything arrives, but no answer does."""
    await _on_wire(stage, strike, FaultProxy.swallow)


async def slow(stage: Stage, strike: Strike) -> None:
    """Everything takes longer, and little passes."""

    def slow_down(proxy: FaultProxy) -> None:
        proxy.latency, proxy.bandwidth = 0.05, 500_000

    await _on_wire(stage, strike, slow_down)


async def cutting(stage: Stage, strike: Strike) -> None:
    """Connections are reset in the middle of messages, again and again."""

    def cut(proxy: FaultProxy) -> None:
        proxy.cut_after = 30_000
        proxy.reset()

    await _on_wire(stage, strike, cut)


async def _on_wire(stage: Stage, strike: Strike, begin: Callable[[FaultProxy], None]) -> None:
    proxy = stage.kafka if strike.target == KAFKA_WIRE else stage.postgres
    begin(proxy)
    await asyncio.sleep(strike.hold)
    proxy.heal()


FAULTS: dict[str, Callable[[Stage, Strike], Awaitable[None]]] = {
    "kill": kill,
    "freeze": freeze,
    "second": second,
    "unreachable": unreachable,
    "stalled": stalled,
    "unanswering": unanswering,
    "slow": slow,
    "cutting": cutting,
}
WIRES = ("unreachable", "stalled", "unanswering", "slow", "cutting")


def targets_of(fault: str, parts: Sequence[str]) -> list[str]:
    """Return what a fault may strike."""
    if fault in WIRES:
        return [KAFKA_WIRE, POSTGRES_WIRE]
    if fault == "second":
        return [part for part in parts if part.endswith(("-relay", "-consume"))]
    if fault == "freeze":
        return [part for part in parts if part not in (GATEWAY, POSTGRES)]
    return [part for part in parts if part != GATEWAY]


def plan(
    rng: random.Random,
    seconds: float,
    kinds: Sequence[tuple[str, str]],
    *,
    every: float,
    longest: Mapping[str, float],
) -> list[Strike]:
    """Return strikes at random moments, `every` so many seconds on average.

    `kinds` are pairs of a fault and a target; each occurs once before any occurs twice. `longest`
    bounds how long a target's faults hold; targets that are not named, ten seconds.
    """
    strikes: list[Strike] = []
    waiting: list[tuple[str, str]] = []
    at = rng.uniform(0, every)
    while kinds and at < seconds:
        if not waiting:
            waiting = rng.sample(list(kinds), len(kinds))
        fault, target = waiting.pop()
        hold = rng.uniform(0.2, longest.get(target, 10.0))
        strikes.append(Strike(at, fault, target, hold))
        at += rng.uniform(0.5, 1.5) * every
    return strikes


async def carry_out(
    stage: Stage, strikes: Sequence[Strike], say: Callable[[str], None]
) -> list[Strike]:
    """Strike as planned and return what was carried out, when all of it is healed.

    A target that is struck already is left alone.
    """
    struck: set[str] = set()
    done: list[Strike] = []

    async def one(strike: Strike) -> None:
        await asyncio.sleep(strike.at)
        if strike.target in struck:
            return
        struck.add(strike.target)
        say(str(strike))
        done.append(strike)
        try:
            await FAULTS[strike.fault](stage, strike)
        finally:
            struck.discard(strike.target)

    await asyncio.gather(*(one(strike) for strike in strikes))
    return done
