"""Two servers that answer the same requests, measured in turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import Plan, Report, drive, request
from bench.profiling import profiled
from bench.servers import Bench, cpu_seconds, say
from bench.stats import Figure, Line
from kehu_local.processes import Running

CONNECTIONS = 16
PROFILE_SECONDS = 12.0


@dataclass(slots=True)
class Rounds:
    """What one competitor did, round by round."""

    reports: list[Report] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Processor time of the server process per answer, microseconds."""

    @property
    def rate(self) -> Figure:
        """Answers per second."""
        return Figure.of([one.per_second for one in self.reports])

    @property
    def p50(self) -> Figure:
        """Median latency, milliseconds."""
        return Figure.of([one.p50 for one in self.reports])

    @property
    def p99(self) -> Figure:
        """99th percentile of latency, milliseconds."""
        return Figure.of([one.p99 for one in self.reports])


def warm(running: Running, requests: Sequence[str]) -> None:
    """Let a server that has just started see its first requests."""
    drive(Plan(running.port, requests, CONNECTIONS, seconds=2.0, warmup=0.5))


def take(bench: Bench, running: Running, requests: Sequence[str], rounds: Rounds) -> None:
    """Measure one round of one server."""
    plan = Plan(running.port, requests, CONNECTIONS, bench.choice.seconds, warmup=0.2)
    before = cpu_seconds(running)
    report = drive(plan)
    rounds.cpu.append((cpu_seconds(running) - before) / report.sent * 1e6)
    rounds.reports.append(report)


def duel(
    bench: Bench, name: str, ours: Running, floor: Running, requests: Sequence[str]
) -> tuple[Line, Line, Line]:
    """Measure both in turns; return throughput, 99th percentile, processor time."""
    here, there = Rounds(), Rounds()
    warm(ours, requests)
    warm(floor, requests)
    for number in range(bench.choice.rounds):
        take(bench, ours, requests, here)
        take(bench, floor, requests, there)
        say(
            f"{name}, round {number + 1}: ours {here.reports[-1].per_second:,.0f}/s, "
            f"floor {there.reports[-1].per_second:,.0f}/s"
        )
    with profiled(bench, name, ours):
        if bench.choice.profile:
            drive(Plan(ours.port, requests, CONNECTIONS, seconds=PROFILE_SECONDS))
    detail = {
        "ours_p50_ms": here.p50.median,
        "floor_p50_ms": there.p50.median,
        "connections": CONNECTIONS,
    }
    return (
        Line(name, "req/s", here.rate, there.rate, detail=detail),
        Line(f"{name}, p99", "ms", here.p99, there.p99),
        Line(f"{name}, server's cpu", "us/req", Figure.of(here.cpu), Figure.of(there.cpu)),
    )


def authorised(
    method: str, path: str, token: str, *, body: str = "", headers: dict[str, str] | None = None
) -> str:
    """Return the text of a request with a bearer token."""
    own = {"Authorization": f"Bearer {token}", **(headers or {})}
    return request(method, path, headers=own, body=body)
