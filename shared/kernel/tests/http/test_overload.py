"""More requests than can be worked on: a few wait briefly, the rest is refused at once."""

import asyncio

import httpx
import pytest
from prometheus_client import REGISTRY

from kehu_kernel.errors import Overloaded
from kehu_kernel.gate import Gate, Place
from kehu_kernel.telemetry import HTTP_SHED
from kehu_kernel.testing.lab import Lab, NewLab

REFUSED = HTTP_SHED.labels("things")
THINGS = {"service": "things"}


def new_gate(*, limit: int = 1, queue: int = 1, seconds: float = 5.0) -> Gate:
    return Gate(limit=limit, queue=queue, seconds=seconds, refused=REFUSED)


def refused() -> float:
    return REGISTRY.get_sample_value("kehu_http_requests_shed_total", THINGS) or 0.0


class TestGate:
    async def test_a_place_passes_to_the_one_who_waited_longest(self) -> None:
        gate = new_gate(queue=2)
        order: list[str] = []

        async def work(name: str) -> None:
            await gate.enter()
            order.append(name)

        await gate.enter()
        waiting = [asyncio.create_task(work(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        assert gate.is_full()
        with pytest.raises(Overloaded):
            await gate.enter()
        gate.leave()
        await waiting[0]
        assert order == ["first"]
        gate.leave()
        await waiting[1]
        gate.leave()
        await asyncio.wait_for(gate.enter(), 1)

    async def test_nobody_waits_longer_than_is_allowed(self) -> None:
        gate = new_gate(seconds=0.05)
        await gate.enter()
        before = refused()
        with pytest.raises(Overloaded):
            await gate.enter()
        assert refused() == before + 1
        assert not gate.is_full()
        gate.leave()
        await asyncio.wait_for(gate.enter(), 1)

    async def test_one_that_is_cancelled_leaves_no_place_taken(self) -> None:
        gate = new_gate(queue=2)
        await gate.enter()
        waiting = [asyncio.create_task(gate.enter()) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        await asyncio.wait(waiting[:1])
        gate.leave()
        waiting[1].cancel()  # when the place has just come
        await asyncio.wait(waiting)
        await asyncio.wait_for(gate.enter(), 1)
        assert gate.is_full() is False

    async def test_a_place_is_given_back_once(self) -> None:
        gate = new_gate()
        first, second = Place(gate), Place(gate)
        await first.enter()
        await first.enter()
        first.leave()
        first.leave()
        await second.enter()
        with pytest.raises(Overloaded):
            await new_gate(limit=0, queue=0).enter()


async def _busy(lab: Lab, count: int, seconds: float) -> list[asyncio.Task[httpx.Response]]:
    """Return requests that keep the service busy, once all of them have come to it."""
    ask = {"seconds": seconds}
    tasks = [asyncio.create_task(lab.client.get("/v1/things", params=ask)) for _ in range(count)]
    while (  # noqa: ASYNC110 - a metric has nothing to wait for
        REGISTRY.get_sample_value("kehu_http_requests_in_flight", THINGS) != count
    ):
        await asyncio.sleep(0.01)
    return tasks


class TestEdge:
    async def test_what_finds_no_room_is_refused_at_once_and_health_answers(
        self, new_lab: NewLab
    ) -> None:
        lab = await new_lab(concurrency_limit=2, queue_limit=3, queue_seconds=30)
        busy = await _busy(lab, 5, 3.0)
        async with asyncio.timeout(2):
            answer = await lab.client.get(
                "/v1/things", headers={"X-Request-Id": "r-9", "Accept-Language": "zh"}
            )
            health = [await lab.client.get(f"/{name}") for name in ("healthz", "readyz", "metrics")]
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == "r-9"
        assert answer.json()["code"] == "overloaded"
        assert "负载" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) >= 1
        assert {one.status_code for one in health} == {200}
        assert {answer.status_code for answer in await asyncio.gather(*busy)} == {200}

    async def test_a_busy_pool_is_no_reason_not_to_be_ready(self, new_lab: NewLab) -> None:
        lab = await new_lab(pool_size=1, pool_timeout=0.2)
        (busy,) = await _busy(lab, 1, 2.0)
        assert (await lab.client.get("/readyz")).status_code == 200
        assert (await busy).status_code == 200

    async def test_refusing_reads_neither_token_nor_body(self, new_lab: NewLab) -> None:
        lab = await new_lab(concurrency_limit=1, queue_limit=0)
        (busy,) = await _busy(lab, 1, 2.0)

        async def body() -> object:
            raise AssertionError("the body was asked for")
            yield b""

        answer = await lab.client.post(
            "/v1/things/x", content=body(), headers={"Authorization": "Bearer nonsense"}
        )
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert (await busy).status_code == 200

    async def test_one_that_waits_too_long_did_nothing(self, new_lab: NewLab) -> None:
        lab = await new_lab(concurrency_limit=1, queue_limit=5, queue_seconds=0.1)
        (busy,) = await _busy(lab, 1, 2.0)
        answer = await lab.make()
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert (await busy).status_code == 200
        assert await lab.count() == 0
        assert (await lab.make()).status_code == 200

    async def test_a_slow_body_holds_no_place(self, new_lab: NewLab) -> None:
        lab = await new_lab(concurrency_limit=1, queue_limit=0, request_seconds=1.0)
        begun = asyncio.Event()

        async def slow_body() -> object:
            yield b"{"
            begun.set()
            await asyncio.sleep(0.6)
            yield b"}"

        slow = asyncio.create_task(lab.client.post(f"/v1/things/{'0' * 32}", content=slow_body()))
        await begun.wait()
        assert (await lab.client.get("/v1/things")).status_code == 200
        assert (await slow).status_code == 200

    async def test_a_body_that_never_comes_is_given_up(self, new_lab: NewLab) -> None:
        lab = await new_lab(request_seconds=0.3)

        async def endless() -> object:
            yield b"{"
            await asyncio.sleep(30)

        answer = await lab.client.post(f"/v1/things/{'1' * 32}", content=endless())
        assert (answer.status_code, answer.json()["code"]) == (503, "deadline-passed")
        assert answer.headers["retry-after"]
        assert await lab.count() == 0


class TestDraining:
    async def test_clients_are_asked_to_come_back_on_another_connection(
        self, new_lab: NewLab
    ) -> None:
        lab = await new_lab()
        assert "connection" not in (await lab.client.get("/v1/things")).headers
        lab.app.state.draining = True
        answer = await lab.client.get("/v1/things")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
