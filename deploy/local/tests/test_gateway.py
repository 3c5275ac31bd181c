"""The gateway passes requests on untouched and says plainly when a service is down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from kehu_local.config import LocalConfig
from kehu_local.gateway import create_app
from kehu_local.ports import free_port
from kehu_local.routes import write_route


@dataclass
class Upstream:
    """A service that remembers what arrived, byte by byte, and answers what it was told to."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            self.heads.append(head)
            self.bodies.append(await self._body(head, reader))
            writer.write(self.answer)
            await writer.drain()
        writer.close()

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        lines = head.lower().split(b"\r\n")
        length = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        if length:
            return await reader.readexactly(length[0])
        if b"transfer-encoding: chunked" in lines:
            return await reader.readuntil(b"0\r\n\r\n")
        return b""


@pytest.fixture
async def upstream(config: LocalConfig) -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(
        upstream.serve, "127.0.0.1", config.service("customer").port
    )
    yield upstream
    server.close()


@pytest.fixture
async def client(config: LocalConfig) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(config) as client:
        yield client


@asynccontextmanager
async def _client(config: LocalConfig) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(config)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=config.gateway_url
        ) as client,
    ):
        yield client


async def test_path_query_and_headers_pass_without_the_prefix(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    answer = await client.get(
        "/api/customer/v1/customers/a%2Fb?name=%E5%BC%A0&x=1+2",
        headers={
            "X-Request-Id": "r-1",
            "Kehu-Tenant": "demo",
            "Connection": "keep-alive, X-Only-Here",
            "X-Only-Here": "1",
            "X-Forwarded-Prefix": "/forged",
        },
    )
    assert answer.text == "ok"
    line, *headers = upstream.heads[0].decode().split("\r\n")
    assert line == "GET /v1/customers/a%2Fb?name=%E5%BC%A0&x=1+2 HTTP/1.1"
    lower = {
        header.partition(":")[0].lower(): header.partition(":")[2].strip() for header in headers
    }
    assert lower["x-request-id"] == "r-1"
    assert lower["kehu-tenant"] == "demo"
    assert lower["x-forwarded-prefix"] == "/api/customer"
    assert "x-only-here" not in lower
    assert "transfer-encoding" not in lower


async def test_a_body_streams_with_its_length(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    body = b"\x00\xff" * 200_000
    await client.post("/api/customer/v1/x", content=body)
    assert upstream.bodies == [body]
    assert b"content-length: 400000" in upstream.heads[0].lower()


async def test_a_body_of_unknown_length_streams(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    await client.post("/api/customer/v1/x", content=parts())
    assert b"one" in upstream.bodies[0]
    assert b"two" in upstream.bodies[0]


async def test_the_answer_comes_back_as_it_is(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    upstream.answer = (
        b'HTTP/1.1 303 See Other\r\nLocation: /v1/y\r\nETag: "7"\r\nSet-Cookie: a=1\r\n'
        b"Set-Cookie: b=2\r\nKeep-Alive: timeout=9\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    answer = await client.post("/api/customer/v1/x")
    assert answer.status_code == 303
    assert answer.headers["etag"] == '"7"'
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "keep-alive" not in answer.headers
    assert len(upstream.heads) == 1


@pytest.mark.parametrize(
    ("language", "words"), [("en-GB", "does not answer at"), ("zh-CN,zh;q=0.9", "没有响应")]
)
async def test_a_service_that_is_down_is_named_with_what_to_do(
    client: httpx.AsyncClient, language: str, words: str
) -> None:
    answer = await client.get(
        "/api/customer/v1/customers",
        headers={"Accept-Language": language, "X-Request-Id": "r-2"},
    )
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "service-unreachable"
    assert problem["request_id"] == "r-2"
    assert "customer" in problem["detail"]
    assert words in problem["detail"]
    assert "make up" in problem["detail"]


async def test_a_service_that_comes_back_is_reached_again(
    config: LocalConfig, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/api/customer/healthz")).status_code == 502
    upstream = Upstream()
    port = config.service("customer").port
    async with await asyncio.start_server(upstream.serve, "127.0.0.1", port):
        assert (await client.get("/api/customer/healthz")).status_code == 200


async def test_an_unknown_service_is_a_404_that_lists_the_known(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/billing/v1/x")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-service")
    assert "customer" in answer.json()["detail"]


async def test_the_first_page_leads_to_documents(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert "/api/customer/docs" in page.text
    short = await client.get("/api/customer")
    assert short.headers["location"] == "/api/customer/docs"
    assert (await client.get("/healthz")).text == "ok"
    assert (await client.get("/nowhere")).json()["code"] == "not-found"


@dataclass
class Fickle:
    """A service that closes its first connections after so many requests, without an answer."""

    unanswered: int
    seen: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if b"content-length: 2" in head:
                await reader.readexactly(2)
            self.seen.append(head)
            if len(self.seen) <= self.unanswered:
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()


@pytest.mark.parametrize(
    ("method", "headers", "seen", "status"),
    [
        ("GET", {}, 2, 200),
        ("POST", {"Idempotency-Key": "k"}, 2, 200),
        ("POST", {}, 1, 502),
        ("PATCH", {"If-Match": '"1"'}, 1, 502),
    ],
)
async def test_a_request_is_repeated_only_if_that_is_safe(
    config: LocalConfig, client: httpx.AsyncClient, method: str, headers: dict[str, str],
    seen: int, status: int,
) -> None:  # fmt: skip
    fickle = Fickle(unanswered=1)
    port = config.service("customer").port
    body = b"" if method == "GET" else b"{}"
    async with await asyncio.start_server(fickle.serve, "127.0.0.1", port):
        answer = await client.request(method, "/api/customer/v1/x", content=body, headers=headers)
    assert (len(fickle.seen), answer.status_code) == (seen, status)
    if status == 502:
        assert answer.json()["code"] == "outcome-unknown"
        assert answer.headers["retry-after"]


async def test_a_service_that_breaks_off_and_is_gone_may_have_done_it(
    config: LocalConfig, client: httpx.AsyncClient
) -> None:
    fickle = Fickle(unanswered=9)
    port = config.service("customer").port
    server = await asyncio.start_server(fickle.serve, "127.0.0.1", port)

    async def vanish() -> None:
        while not fickle.seen:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.001)
        server.close()

    vanishing = asyncio.create_task(vanish())
    answer = await client.get("/api/customer/v1/x")
    await vanishing
    assert (answer.status_code, answer.json()["code"]) == (502, "outcome-unknown")


async def test_new_requests_go_where_the_route_leads(
    config: LocalConfig, client: httpx.AsyncClient, upstream: Upstream
) -> None:
    assert (await client.get("/api/customer/v1/x")).text == "ok"
    other, port = Upstream(), free_port()
    async with await asyncio.start_server(other.serve, "127.0.0.1", port):
        write_route(config, "customer", port)
        assert (await client.get("/api/customer/v1/x")).text == "ok"
        assert (len(upstream.heads), len(other.heads)) == (1, 1)
        waiting = (await client.get("/in-flight")).json()
        assert waiting["customer"][str(port)] == 0


async def test_a_refusal_of_the_service_passes_with_its_retry_after(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    upstream.answer = (
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
    )
    answer = await client.post("/api/customer/v1/x", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert len(upstream.heads) == 1


async def test_too_many_that_wait_for_one_service_are_refused(
    client: httpx.AsyncClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kehu_local.gateway.MOST_IN_FLIGHT", 0)
    answer = await client.get("/api/customer/v1/x")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"]
    assert upstream.heads == []
    for probe in ("healthz", "readyz"):  # who asks whether it is well, hears the service itself
        assert (await client.get(f"/api/customer/{probe}")).status_code == 200


async def test_a_long_answer_streams_and_a_long_body_too(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    long = b"x" * 3_000_000
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + long
    answer = await client.post("/api/customer/v1/x", content=long)
    assert answer.content == long
    assert upstream.bodies == [long]
    assert (await client.head("/api/customer/v1/x")).headers["content-length"] == "3000000"
