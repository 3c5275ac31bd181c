"""Clients that are slow with the head of a request, or never stop sending one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI

from kehu_kernel.server import LONGEST_HEAD, new_server
from kehu_kernel.settings import ServiceSettings
from kehu_local.ports import HOST, free_port

ANSWER = b"HTTP/1.1 200 OK"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def settings(port: int) -> ServiceSettings:
    return ServiceSettings(
        database_url="", worker_database_url="", oidc_issuer="", oidc_jwks_url="",
        host=HOST, port=port, head_seconds=0.5, keep_alive_seconds=30, shutdown_grace_seconds=5,
    )  # fmt: skip


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.close()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def read() -> str:
        return "ok"

    port = free_port()
    server = new_server(app, settings(port))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await serving


async def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    async with connection(port) as (reader, _), asyncio.timeout(20):
        assert await reader.read() == b""


async def test_a_head_that_trickles_is_given_up(port: int) -> None:
    async with connection(port) as (reader, writer), asyncio.timeout(20):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")

        async def trickle() -> None:
            while True:
                writer.write(b"x-more: 1\r\n")
                await asyncio.sleep(0.1)

        trickling = asyncio.create_task(trickle())
        assert ANSWER not in await reader.read()
        trickling.cancel()


async def test_a_head_without_end_is_given_up(port: int) -> None:
    async with connection(port) as (reader, writer), asyncio.timeout(20):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * (LONGEST_HEAD + 1))
        assert await reader.read() == b""


async def test_an_idle_connection_may_be_used_again_later(port: int) -> None:
    async with connection(port) as (reader, writer), asyncio.timeout(20):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert ANSWER in await reader.readuntil(b'"ok"')
            await asyncio.sleep(0.8)  # longer than a head may take
