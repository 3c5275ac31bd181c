"""Load for tests: clients that wait for each answer, and clients that do not care.

A closed loop finds the peak: so many clients, each sending its next request after the answer to the
last. An open loop offers a rate whatever comes back, as the world does.
"""

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kehu_local.upstream import NoAnswer, NotSent, Upstream

SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: `body` is sent as JSON, `key` as Idempotency-Key; `note` is for the caller."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    key: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0 means that no answer came."""

    ask: Ask
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return self.status in SUCCESS

    def json(self) -> dict[str, Any]:
        """Return the body as an object."""
        return dict(json.loads(self.body))


@dataclass
class Tally:
    """What came back in a stretch of time (seconds)."""

    replies: list[Reply] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def goodput(self) -> float:
        """Successful answers per second."""
        return sum(reply.ok for reply in self.replies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time below which this share of the successful answers came."""
        times = sorted(reply.seconds for reply in self.replies if reply.ok) or [math.inf]
        return times[min(len(times) - 1, int(share * len(times)))]

    def failed(self) -> list[Reply]:
        """Return the answers that were no success."""
        return [reply for reply in self.replies if not reply.ok]

    def statuses(self) -> Counter[int]:
        """Count the answers by status."""
        return Counter(reply.status for reply in self.replies)


class Caller:
    """Sends requests to one port as one user."""

    def __init__(self, port: int, token: str, prefix: str = "") -> None:
        self._upstream = Upstream(port)
        self._prefix = prefix
        self._token = token

    async def send(self, ask: Ask) -> Reply:
        """Send one request; whatever happens is a reply."""
        body = b"" if ask.body is None else json.dumps(ask.body).encode()
        lines = [
            f"{ask.method} {self._prefix}{ask.path} HTTP/1.1", "host: kehu",
            f"authorization: Bearer {self._token}",
        ]  # fmt: skip
        if ask.key is not None:
            lines.append(f"idempotency-key: {ask.key}")
        if ask.body is not None:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        head = "\r\n".join([*lines, "", ""]).encode()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(60):
                connection = await self._upstream.send(ask.method, head, body)
                answer = b"".join([chunk async for chunk in connection.body()])
        except (NotSent, NoAnswer, TimeoutError) as error:
            return Reply(ask, 0, {}, repr(error).encode(), time.perf_counter() - began)
        self._upstream.release(connection)
        headers = {name.decode(): value.decode() for name, value in connection.headers}
        return Reply(ask, connection.status, headers, answer, time.perf_counter() - began)

    def close(self) -> None:
        """Close the connections."""
        self._upstream.close()


async def closed_loop(
    caller: Caller, next_ask: Callable[[], Ask], *, clients: int, seconds: float
) -> Tally:
    """Have `clients` send one request after the other for so many seconds."""
    stop = asyncio.Event()
    loop = asyncio.create_task(keep_asking(caller, next_ask, clients=clients, stop=stop))
    await asyncio.sleep(seconds)
    stop.set()
    return await loop


async def keep_asking(
    caller: Caller,
    next_ask: Callable[[], Ask],
    *,
    clients: int,
    stop: asyncio.Event,
    pause: float = 0.0,
) -> Tally:
    """Do the same until `stop` is set; each client waits `pause` seconds between requests."""
    tally = Tally()

    async def client() -> None:
        while not stop.is_set():
            tally.replies.append(await caller.send(next_ask()))
            await asyncio.sleep(pause)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    tally.seconds = time.perf_counter() - began
    return tally


async def open_loop(
    caller: Caller, next_ask: Callable[[], Ask], *, rate: float, seconds: float, settle: float
) -> Tally:
    """Offer `rate` requests a second, whatever comes back.

    Successes count if they come in the `seconds` after the first `settle` seconds, in which the
    system finds its new balance; failures always.
    """
    tally = Tally(seconds=seconds)
    tasks: set[asyncio.Task[None]] = set()
    began = time.perf_counter()

    async def one(ask: Ask) -> None:
        reply = await caller.send(ask)
        if settle < time.perf_counter() - began <= settle + seconds or not reply.ok:
            tally.replies.append(reply)

    sent = 0
    while (elapsed := time.perf_counter() - began) < settle + seconds:
        while sent < rate * elapsed:
            task = asyncio.create_task(one(next_ask()))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*tasks)
    return tally
