"""The batch projector against a bare loop with the same upserts, and whether it stays as fast."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bench.profiling import profiled
from bench.projecting import CONSUMER, FLOOR, TABLE
from bench.servers import Bench, connected, run, say
from bench.stats import Figure, Line, at_least, at_least_part
from bench.topic import fill
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_kernel.testing.tokens import AUDIENCE, ISSUER
from kehu_local import ports
from kehu_local.processes import Running
from kehu_sales.__main__ import SERVICE

PREFIX = "KEHU_SALES_"
SLICES = 10
DEADLINE = 900.0
MARK = 25_000


def projector(bench: Bench) -> list[Line]:
    """Fold the whole topic in rounds, ours and the floor in turns."""
    events, bootstrap = bench.choice.events, bench.broker().bootstrap
    urls = bench.fresh_database(SERVICE, "bench_projector")
    run(connected(urls.owner, _create))
    began = time.monotonic()
    run(fill(bootstrap, events))
    say(f"projector: published {events:,} events in {time.monotonic() - began:.0f} s")
    rounds = 1 if bench.choice.quick or events > 1_000_000 else 3
    rates: dict[str, list[float]] = {"consume": [], "floor": []}
    slices: dict[str, list[int]] = {}
    for number in range(rounds):
        for who, measured in rates.items():
            batches = _fold_all(bench, urls, who, events)
            measured.append(rate(batches))
            slices[who] = by_slice(batches, events)
            say(
                f"projector, round {number + 1}, {who}: {measured[-1]:,.0f}/s, "
                f"{cost(batches):.0f} us of processor time per event; by slice of "
                f"{events // SLICES:,}: {' '.join(f'{one / 1000:.1f}k' for one in slices[who])}"
            )
    if bench.choice.profile:
        _fold_all(bench, urls, "consume", events, profile=True)
    ours, floor = Figure.of(rates["consume"]), Figure.of(rates["floor"])
    detail = {
        "events": events,
        "ours_by_slice": slices["consume"],
        "floor_by_slice": slices["floor"],
    }
    half = slices["consume"][len(slices["consume"]) // 2 :]
    late = Figure.of([float(one) for one in half])
    return [
        at_least(Line("projector", "events/s", ours, detail=detail), MARK),
        at_least_part(Line("projector, part of floor", "events/s", ours, floor), 0.5),
        at_least(Line("projector, second half", "events/s", late), MARK),
    ]


class Batch(NamedTuple):
    """A committed batch: when, how much processor time its process had used, how many events."""

    at: float
    cpu: float
    events: int


def rate(batches: Sequence[Batch]) -> float:
    """Return events per second from the end of the first batch to the end of the last."""
    took = batches[-1].at - batches[0].at
    return sum(one.events for one in batches[1:]) / took if took else 0.0


def cost(batches: Sequence[Batch]) -> float:
    """Return the processor time per event in the same stretch, in microseconds."""
    events = sum(one.events for one in batches[1:])
    return (batches[-1].cpu - batches[0].cpu) / max(1, events) * 1e6


def by_slice(batches: Sequence[Batch], events: int) -> list[int]:
    """Return the rates of `SLICES` consecutive parts of the stream."""
    done, times, counts = 0, [batches[0].at], [0]
    for one in batches[1:]:
        done += one.events
        if done >= len(counts) * events / SLICES or one is batches[-1]:
            times.append(one.at)
            counts.append(done)
    return [
        round((more - less) / max(after - before, 1e-9))
        for (before, after), (less, more) in zip(pairwise(times), pairwise(counts), strict=True)
    ]


def _fold_all(
    bench: Bench, urls: DatabaseUrls, who: str, events: int, *, profile: bool = False
) -> list[Batch]:
    """Run one projector over the whole topic; return its batches."""
    path = bench.folder / "logs" / f"batches-{time.time_ns()}"
    run(connected(urls.owner, _empty))
    running = bench.start(
        [sys.executable, "-m", "bench.projecting", who], _environment(bench, urls, path)
    )
    try:
        with profiled(bench, "projector", running) if profile else nullcontext():
            _wait(running, urls, FLOOR if who == "floor" else CONSUMER, events)
    finally:
        running.stop()
    return _batches(path)


def _wait(running: Running, urls: DatabaseUrls, consumer: str, events: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while run(connected(urls.worker, lambda one: one.fetchval(DONE, consumer))) < events:
        if time.monotonic() > deadline or not running.alive():
            raise RuntimeError(f"the projector did not finish:\n{running.log_tail()}")
        time.sleep(0.3)


DONE = "SELECT COALESCE(sum(next_offset), 0)::bigint FROM projection_offsets WHERE consumer = $1"


def _environment(bench: Bench, urls: DatabaseUrls, path: Path) -> Mapping[str, str]:
    bootstrap = bench.broker().bootstrap
    own = {
        "DATABASE_URL": urls.app,
        "WORKER_DATABASE_URL": urls.worker,
        "OIDC_ISSUER": ISSUER,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_JWKS_URL": bench.issuer.jwks_url,
        "KAFKA_BOOTSTRAP": bootstrap,
        "PORT": str(ports.free_port()),
    }
    return {
        "BENCH_BATCHES": str(path),
        "BENCH_DATABASE_URL": urls.worker,
        "BENCH_BOOTSTRAP": bootstrap,
        **{f"{PREFIX}{name}": value for name, value in own.items()},
    }


def _batches(path: Path) -> list[Batch]:
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    found = [Batch(float(at), float(cpu), int(events)) for at, cpu, events in lines]
    return [one for one in found if one.events]


async def _create(connection: object) -> None:
    for statement in TABLE:
        await connection.execute(statement)  # type: ignore[attr-defined]


async def _empty(connection: object) -> None:
    await connection.execute("TRUNCATE newest, projection_offsets")  # type: ignore[attr-defined]
