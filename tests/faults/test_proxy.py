"""The fault proxy carries everything unchanged, and each of its faults is what it says."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from faults.proxy import HOST, FaultProxy, running_proxy

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ENDED = (ConnectionError, asyncio.IncompleteReadError)
SOON = 10.0


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[int, bytearray]]:
    """A server that answers what it hears, and what it heard."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                heard.extend(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    yield server.sockets[0].getsockname()[1], heard
    server.close()


@asynccontextmanager
async def behind_proxy() -> AsyncIterator[tuple[FaultProxy, bytearray]]:
    async with echo() as (port, heard):
        proxy = FaultProxy(port, seed=1)
        await proxy.start()
        yield proxy, heard
        await proxy.close()


@asynccontextmanager
async def connected(proxy: FaultProxy) -> AsyncIterator[Wire]:
    wire = await asyncio.open_connection(HOST, proxy.port)
    yield wire
    wire[1].transport.abort()


async def ask(wire: Wire, data: bytes = b"hello") -> bytes:
    wire[1].write(data)
    return await asyncio.wait_for(wire[0].readexactly(len(data)), SOON)


async def silent(wire: Wire, data: bytes = b"hello") -> bool:
    wire[1].write(data)
    try:
        await asyncio.wait_for(wire[0].read(1), 0.3)
    except TimeoutError:
        return True
    return False


async def assert_carries(proxy: FaultProxy) -> None:
    async with connected(proxy) as wire:
        assert await ask(wire) == b"hello"


async def test_carries_everything_unchanged() -> None:
    async with behind_proxy() as (proxy, heard):
        data = bytes(range(256)) * 8000
        async with connected(proxy) as wire:
            assert await ask(wire, data) == data
        assert bytes(heard) == data


async def test_a_close_of_one_side_reaches_the_other_as_a_close() -> None:
    async with behind_proxy() as (proxy, _), connected(proxy) as wire:
        await ask(wire)
        wire[1].write_eof()
        assert await asyncio.wait_for(wire[0].read(), SOON) == b""


async def test_latency_holds_data_up() -> None:
    async with behind_proxy() as (proxy, _), connected(proxy) as wire:
        proxy.latency = 0.1
        began = time.monotonic()
        await ask(wire)
        assert time.monotonic() - began >= 0.2


async def test_bandwidth_is_bounded() -> None:
    async with behind_proxy() as (proxy, _), connected(proxy) as wire:
        proxy.bandwidth = 100_000
        began = time.monotonic()
        await ask(wire, bytes(20_000))
        assert time.monotonic() - began >= 0.3


async def test_refusal_resets_what_is_open_and_lets_nobody_in() -> None:
    async with behind_proxy() as (proxy, _):
        async with connected(proxy) as wire:
            await ask(wire)
            proxy.refuse()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(wire[0].read(1), SOON)
        async with connected(proxy) as wire:
            with pytest.raises(ENDED):
                await ask(wire)
        proxy.heal()
        await assert_carries(proxy)


async def test_stall_keeps_the_connection_and_delivers_later() -> None:
    async with behind_proxy() as (proxy, heard), connected(proxy) as wire:
        proxy.stall()
        assert await silent(wire)
        assert not heard
        proxy.heal()
        assert await asyncio.wait_for(wire[0].readexactly(5), SOON) == b"hello"


async def test_swallow_loses_answers_but_not_requests() -> None:
    async with behind_proxy() as (proxy, heard):
        async with connected(proxy) as wire:
            proxy.swallow()
            assert await silent(wire)
            assert heard == b"hello"
            proxy.heal()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(wire[0].read(1), SOON)
        await assert_carries(proxy)


async def test_cut_resets_in_the_middle_of_a_message() -> None:
    async with behind_proxy() as (proxy, heard):
        proxy.cut_after = 1000
        async with connected(proxy) as wire:
            with pytest.raises(ENDED):
                await ask(wire, bytes(10_000))
        assert 0 < len(heard) <= 2000
        proxy.heal()
        await assert_carries(proxy)


async def test_a_dead_target_looks_like_a_reset() -> None:
    async with echo() as (port, _):
        pass
    proxy = FaultProxy(port)
    await proxy.start()
    async with connected(proxy) as wire:
        with pytest.raises(ENDED):
            await ask(wire)
    await proxy.close()


async def test_runs_in_a_thread_of_its_own() -> None:
    async with echo() as (port, _):
        with running_proxy(port) as proxy:
            async with connected(proxy) as wire:
                assert await ask(wire) == b"hello"
                proxy.refuse()
                with pytest.raises(ConnectionResetError):
                    await asyncio.wait_for(wire[0].read(1), SOON)
