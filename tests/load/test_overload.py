"""At three times the capacity the system does what it can, says no to the rest, and stays up."""

import asyncio
import itertools
import logging
import statistics
from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import pytest

from kehu_local.load import Ask, Caller, Reply, Tally, closed_loop, open_loop
from kehu_local.testing import System

log = logging.getLogger("kehu.load")
pytestmark = [pytest.mark.load, pytest.mark.timeout(240)]

WINDOWS = 5
SECONDS = 3.0
SETTLE = 1.0
CLIENTS = 8
OVERLOAD = 3.0
KEPT = 0.8
LONGEST = 5.0
"""Seconds within which 99 % of the accepted requests are answered: liveness, not speed."""


def a_mix(customer_id: str) -> Callable[[], Ask]:
    """Reads of a customer, and every fifth request creates one."""
    numbers = itertools.count()

    def next_ask() -> Ask:
        number = next(numbers)
        if number % 5:
            return Ask("GET", f"/v1/customers/{customer_id}")
        body = {"kind": "person", "name": f"客户 {number}"}
        return Ask("POST", "/v1/customers", body, key=uuid4().hex)

    return next_ask


def is_documented_refusal(reply: Reply) -> bool:
    """Tell whether the answer says what happened and when to come back."""
    return (
        reply.status == 503
        and reply.headers["content-type"] == "application/problem+json"
        and reply.json()["code"] in ("overloaded", "unavailable", "deadline-passed")
        and int(reply.headers["retry-after"]) >= 1
    )


async def look_at_health(caller: Caller, stop: asyncio.Event) -> list[Reply]:
    """Ask for health, like a probe, on and on."""
    replies = []
    while not stop.is_set():
        replies += [await caller.send(Ask("GET", f"/{path}")) for path in ("healthz", "readyz")]
        await asyncio.sleep(0.2)
    return replies


@pytest.mark.parametrize("way", ["direct", "gateway"])
async def test_goodput_stays_near_its_peak_and_health_answers(
    system: System, tenant: str, way: str
) -> None:
    user = system.user(tenant)
    customer = user.post("/customer/v1/customers", {"kind": "person", "name": "李雷"})
    token = user.http.headers["authorization"].removeprefix("Bearer ")
    port, prefix = system.config.service("customer").port, ""
    if way == "gateway":
        port, prefix = system.config.gateway_port, "/api/customer"
    caller, prober = Caller(port, token, prefix), Caller(port, token, prefix)
    next_ask = a_mix(customer["id"])
    await closed_loop(caller, next_ask, clients=CLIENTS, seconds=SECONDS)  # warm up
    peaks: list[Tally] = []
    floods: list[Tally] = []
    probes: list[Reply] = []
    for _ in range(WINDOWS):  # one beside the other: what else the machine does meets both
        peaks.append(await closed_loop(caller, next_ask, clients=CLIENTS, seconds=SECONDS))
        stop = asyncio.Event()
        probing = asyncio.create_task(look_at_health(prober, stop))
        rate = OVERLOAD * statistics.median(one.goodput for one in peaks)
        floods.append(await open_loop(caller, next_ask, rate=rate, seconds=SECONDS, settle=SETTLE))
        stop.set()
        probes += await probing
    caller.close()
    prober.close()
    peak = statistics.median(one.goodput for one in peaks)
    ratios = [flood.goodput / one.goodput for one, flood in zip(peaks, floods, strict=True)]
    slowest = statistics.median(one.percentile(0.99) for one in floods)
    refused = [reply for one in floods for reply in one.failed()]
    log.warning(
        f"{way}: peak {peak:.0f}/s; at {OVERLOAD:.0f} times as much "
        f"{statistics.median(ratios):.0%} of it, p99 {slowest * 1000:.0f} ms, "
        f"answers by window: {[dict(one.statuses()) for one in floods]}"
    )
    assert all(one.failed() == [] for one in peaks)
    odd = [reply for reply in refused if not is_documented_refusal(reply)]
    assert Counter((one.status, one.body[:200]) for one in odd) == Counter()
    assert refused, "it was no overload"
    assert {reply.status for reply in probes} == {200}
    assert statistics.median(ratios) >= KEPT
    assert slowest < LONGEST
