"""A load generator that is no bottleneck: raw HTTP/1.1 over kept connections.

Closed loop: every connection sends its next request when the answer has come. Open loop (`rate`):
requests begin on a schedule, and latency counts from the scheduled moment, so that a server that
stalls cannot hide it. `python -m bench.load` reads a `Plan` as JSON and writes a `Report`.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import cast

import uvloop

from bench.stats import percentile

UNIQUE = "############"
"""In a request, stands for a number that is never used again."""

Hear = Callable[[float, bytes], None]
"""Told of every answer: the moment it came (seconds since 1970), and its body."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send where. `requests` take turns; `seconds` begin after `warmup`."""

    port: int
    requests: Sequence[str]
    connections: int = 16
    seconds: float = 4.0
    warmup: float = 0.5
    rate: float | None = None


@dataclass(slots=True)
class Report:
    """What came of it. Latencies are milliseconds; `failed` counts answers that are no success."""

    per_second: float
    p50: float
    p95: float
    p99: float
    answers: int
    failed: int
    sent: int
    """Requests in all, those of the warm-up included."""
    statuses: dict[str, int] = field(default_factory=dict)


def request(
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> str:
    """Return the text of one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


class Load:
    """The run of one plan inside an event loop."""

    def __init__(self, plan: Plan, hear: Hear | None = None) -> None:
        self._plan = plan
        self._hear = hear
        mark = UNIQUE.encode()
        self._parts = [one.encode().split(mark) for one in plan.requests]
        self._number = SystemRandom().randrange(10 ** len(UNIQUE) // 2)
        self._sent = 0
        self._due: deque[float] = deque()
        self._idle: list[_Connection] = []
        self._latencies: list[float] = []
        self._statuses: Counter[str] = Counter()
        self._counting = self._over = False
        self.broken: BaseException | None = None

    async def run(self) -> Report:
        """Send until the time is over; raises `ConnectionError` if the server hangs up."""
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._plan.port))
            for _ in range(self._plan.connections)
        ]
        pacing = asyncio.create_task(self._pace()) if self._plan.rate else None
        await asyncio.sleep(self._plan.warmup)
        self._counting, began = True, time.perf_counter()
        await asyncio.sleep(self._plan.seconds)
        self._counting, took = False, time.perf_counter() - began
        self._over = True
        if pacing is not None:
            pacing.cancel()
            await asyncio.sleep(0.2)  # the last answers
        for transport, _ in connections:
            transport.close()
        if self.broken is not None:
            raise ConnectionError(f"the server closed a connection: {self.broken!r}")
        return self._report(took)

    def _report(self, took: float) -> Report:
        ordered = sorted(self._latencies)
        good = sum(count for status, count in self._statuses.items() if status < "4")
        return Report(
            per_second=good / took,
            p50=percentile(ordered, 0.50) * 1000,
            p95=percentile(ordered, 0.95) * 1000,
            p99=percentile(ordered, 0.99) * 1000,
            answers=len(ordered),
            failed=len(ordered) - good,
            sent=self._sent,
            statuses=dict(self._statuses),
        )

    async def _pace(self) -> None:
        assert self._plan.rate is not None
        interval = 1 / self._plan.rate
        due = time.perf_counter()
        while True:
            due += interval
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self._idle:
                self._idle.pop().send(due)
            else:
                self._due.append(due)

    def ready(self, connection: "_Connection") -> None:
        """Give a connection its next request, if there is one."""
        if self._over:
            return
        if self._plan.rate is None:
            connection.send(time.perf_counter())
        elif self._due:
            connection.send(self._due.popleft())
        else:
            self._idle.append(connection)

    def next_request(self) -> bytes:
        """Return the bytes of the next request."""
        parts = self._parts[self._sent % len(self._parts)]
        self._sent += 1
        if len(parts) == 1:
            return parts[0]
        return f"{self._number + self._sent:012d}".encode().join(parts)

    def answered(self, began: float, status: str, body: bytes) -> None:
        """Count an answer."""
        if self._hear is not None and status < "4":
            self._hear(time.time(), body)
        if self._counting:
            self._latencies.append(time.perf_counter() - began)
            self._statuses[status] += 1


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._began = 0.0
        self._waiting = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._load.ready(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting and not self._load._over:
            self._load.broken = error or EOFError("closed by the server")

    def send(self, began: float) -> None:
        self._began, self._waiting = began, True
        assert self._transport is not None
        self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        place = head.find(b"content-length: ")
        line_end = head.find(b"\r\n", place)
        length = int(head[place + 16 : line_end if line_end > 0 else None])
        if len(self._buffer) < end + 4 + length:
            return
        status, body = self._buffer[9:12].decode(), self._buffer[end + 4 :]
        self._buffer, self._waiting = b"", False
        self._load.answered(self._began, status, body)
        self._load.ready(self)


def drive(plan: Plan) -> Report:
    """Run a plan in a process of its own, so that it competes with nobody's event loop."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    if done.returncode != 0:
        raise RuntimeError(f"the load generator failed:\n{done.stderr[-2000:]}")
    report = Report(**json.loads(done.stdout))
    if report.failed or not report.answers:
        raise RuntimeError(f"not only success: {report.statuses}\n{done.stderr[-2000:]}")
    return report


if __name__ == "__main__":
    report = uvloop.run(Load(Plan(**json.load(sys.stdin))).run())
    json.dump(asdict(report), sys.stdout)
