"""People at work: mixed commands of several tenants through the gateway, every one recorded.

Each person follows journeys (`faults.journeys`), a command after the other, and does what a
careful client does: a command without a definite answer is sent again with the same key. Some
commands are sent several times at once, as double clicks and impatient proxies do.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from faults.history import Attempt, Operation, Outcome, outcome_of

TIMEOUT = 8.0  # seconds a person waits for an answer
TRIES = 6
AT_ONCE = 3
SENT_AT_ONCE = 0.12  # share of the commands that are sent several times at once
LEFT_OPEN = 0.5  # share of the unknown commands that nobody ever asks about again
AGAIN = frozenset({"idempotency-key-in-use", "concurrent-change"})
"""Refusals after which the same command may well succeed, besides those of the 5xx."""
FINAL_TRIES = 20

Body = dict[str, Any]


class GivenUp(Exception):
    """A command was refused, or got no answer for too long: the journey ends here."""


@dataclass
class Tenant:
    """What the people of a tenant know of their own data."""

    name: str
    employees: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    made: int = 0

    def new(self, what: str) -> str:
        """A name that occurs once, and shows whose it is."""
        self.made += 1
        return f"{what} {self.made} of {self.name}"


class Load:
    """The people. `operations` is their history. `rate` is commands per second, of all together."""

    def __init__(
        self,
        gateway_url: str,
        tokens: Mapping[str, str],
        *,
        rng: random.Random,
        rate: float,
    ) -> None:
        self.operations: list[Operation] = []
        self.tenants = [Tenant(name) for name in tokens]
        self._tokens = tokens
        self.random = rng
        self._pause = 1 / rate
        self._next_at = 0.0
        self._run_id = f"{rng.getrandbits(48):012x}"
        self._attempts = 0
        self._stop = asyncio.Event()
        self.client = httpx.AsyncClient(
            base_url=f"{gateway_url}/api",
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=None, keepalive_expiry=2),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def run(
        self, journeys: Mapping["Journey", int], stop: asyncio.Event, *, people: int = 24
    ) -> None:
        """Go on journeys, some more often than others, until `stop` is set.

        A journey ends after the command under way.
        """
        self._stop = stop
        await asyncio.gather(*(self._person(journeys, stop) for _ in range(people)))

    async def finish(self) -> None:
        """Ask again about commands that are still unknown, as long as it takes; leave some open."""
        unknown = [
            operation
            for operation in self.operations
            if operation.key is not None and operation.outcome is Outcome.UNKNOWN
        ]
        asked = [one for one in unknown if self.random.random() > LEFT_OPEN]
        await asyncio.gather(*(self._ask_again(operation) for operation in asked))

    async def read_all(self, path: str, tenant: str) -> list[Body]:
        """Return the first page of a list, as the tenant sees it."""
        response = await self.client.get(path, params={"limit": 200}, headers=self.auth(tenant))
        items: list[Body] = response.raise_for_status().json()["items"]
        return items

    async def _person(self, journeys: Mapping["Journey", int], stop: asyncio.Event) -> None:
        names, weights = list(journeys), list(journeys.values())
        while not stop.is_set():
            journey = self.random.choices(names, weights)[0]
            tenant = self.random.choice(self.tenants)
            try:
                await journey(self, tenant)
            except GivenUp:
                await asyncio.sleep(self.random.random())

    async def do(
        self,
        tenant: Tenant,
        name: str,
        path: str,
        body: Body | None,
        event: str,
        *,
        method: str = "POST",
        etag: str | None = None,
    ) -> Body:
        """Give a command and return its answer. Raises `GivenUp`."""
        if self._stop.is_set():
            raise GivenUp(name)
        number = len(self.operations) + 1
        key = f"{self._run_id}-{number}" if method == "POST" else None
        operation = Operation(number, tenant.name, name, method, path, body, key, event)
        self.operations.append(operation)
        await self._turn()
        times = AT_ONCE if key and self.random.random() < SENT_AT_ONCE else 1
        await asyncio.gather(*(self._send(operation, etag) for _ in range(times)))
        tries = TRIES if key else 1
        while not operation.answers and tries > 1 and worth_another_try(operation.attempts[-1]):
            tries -= 1
            await asyncio.sleep(self.random.uniform(0.2, 2.5))
            await self._send(operation, etag)
        if not operation.answers:
            raise GivenUp(str(operation))
        answer: Body = operation.answers[0].body
        return answer

    async def insist(self, tenant: Tenant, path: str, body: Body) -> None:
        """Do something that is no command of the history, again and again until it is done."""
        headers = {**self.auth(tenant.name), "Idempotency-Key": f"{self._run_id}-set-up"}
        for _ in range(FINAL_TRIES):
            with contextlib.suppress(httpx.HTTPError):
                answer = await self.client.post(path, json=body, headers=headers)
                if answer.is_success:
                    return
            await asyncio.sleep(1)
        raise GivenUp(path)

    async def _ask_again(self, operation: Operation) -> None:
        for _ in range(FINAL_TRIES):
            attempt = await self._send(operation, None)
            if not worth_another_try(attempt):
                attempt.final = True
                return
            await asyncio.sleep(1)
        operation.attempts[-1].final = True

    async def _send(self, operation: Operation, etag: str | None) -> Attempt:
        """Send a command once and record what came of it."""
        self._attempts += 1
        trace_id = f"{self._run_id}{self._attempts:020x}"
        attempt = Attempt(trace_id, time.time())
        operation.attempts.append(attempt)
        headers = {
            **self.auth(operation.tenant),
            "traceparent": f"00-{trace_id}-{self.random.getrandbits(63) + 1:016x}-00",
            "X-Request-Id": trace_id,
        }
        if operation.key is not None:
            headers["Idempotency-Key"] = operation.key
        if etag is not None:
            headers["If-Match"] = etag
        try:
            response = await self.client.request(
                operation.method, operation.path, json=operation.request, headers=headers
            )
            body = response.json()
        except (httpx.HTTPError, ValueError) as error:
            attempt.error = type(error).__name__
        else:
            attempt.status, attempt.body = response.status_code, body
            attempt.etag = response.headers.get("etag")
            problem = body if response.is_error else {}
            attempt.code = problem.get("code")
            attempt.outcome = outcome_of(
                response.status_code, attempt.code, problem.get("detail", "")
            )
        attempt.ended_at = time.time()
        return attempt

    async def _turn(self) -> None:
        """Wait so that no more commands are given than the rate allows."""
        now = time.monotonic()
        self._next_at = max(self._next_at + self._pause, now)
        await asyncio.sleep(self._next_at - now)

    def auth(self, tenant: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[tenant]}"}

    async def look(self, tenant: Tenant, path: str) -> httpx.Response:
        try:
            response = await self.client.get(path, headers=self.auth(tenant.name))
        except httpx.HTTPError as error:
            raise GivenUp(path) from error
        if response.is_error:
            raise GivenUp(path)
        return response


def worth_another_try(attempt: Attempt) -> bool:
    """Tell whether a careful client would send the command again."""
    if attempt.outcome is Outcome.OK:
        return False
    return (attempt.status or 500) >= 500 or attempt.code in AGAIN


Journey = Callable[[Load, Tenant], Awaitable[None]]
"""What somebody does for a tenant, a command after the other."""
