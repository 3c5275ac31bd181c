"""The load generator counts what a server really answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.load import Load, Plan, request

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(
    status: str, *, in_two: bool = False, hang_up: bool = False
) -> AsyncIterator[int]:
    """A server that gives every request the same answer; the block gets its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            if hang_up:
                break
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode())
            if in_two:
                await writer.drain()
                await asyncio.sleep(0.001)
            writer.write(b"hello")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)  # the connections notice


def plan(port: int, *, rate: float | None = None) -> Plan:
    return Plan(port, [request("GET", "/")], connections=3, seconds=0.5, warmup=0.1, rate=rate)


class TestClosedLoop:
    @pytest.mark.parametrize("in_two", [False, True])
    async def test_counts_answers(self, in_two: bool) -> None:
        heard: list[bytes] = []
        async with serving("200 OK", in_two=in_two) as port:
            load = Load(plan(port), lambda _moment, body: heard.append(body))
            report = await load.run()
        assert report.failed == 0
        assert 0 < report.answers < report.sent
        assert set(report.statuses) == {"200"}
        assert set(heard) == {b"hello"}
        assert 0 < report.p50 <= report.p99

    async def test_errors_are_no_success(self) -> None:
        async with serving("503 Service Unavailable") as port:
            report = await Load(plan(port)).run()
        assert report.per_second == 0
        assert report.failed == report.answers > 0

    async def test_a_server_that_hangs_up_is_noticed(self) -> None:
        async with serving("200 OK", hang_up=True) as port:
            with pytest.raises(ConnectionError, match="closed a connection"):
                await Load(plan(port)).run()


class TestOpenLoop:
    async def test_keeps_to_its_rate(self) -> None:
        async with serving("200 OK") as port:
            report = await Load(plan(port, rate=50.0)).run()
        assert 0 < report.sent <= 60  # 50 a second for 0.6 s, and what was late
