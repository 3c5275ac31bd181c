"""A gateway for development: every service, its documents and the token issuer on one port.

`/api/<service>/...` goes to the service without that prefix; nothing else is changed. While a
service is being replaced, new requests go to the new process. A request is repeated on another
connection only if that is safe: it was not sent at all, or it may be sent twice (a read, or a POST
with an Idempotency-Key). In production an ingress does this work.
"""

import asyncio
import html
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from kehu_local import issuer, refusals
from kehu_local.config import LocalConfig
from kehu_local.ports import HOST
from kehu_local.routes import Routes
from kehu_local.upstream import Connection, Headers, NoAnswer, NotSent, Upstream

log = logging.getLogger("kehu.gateway")

HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te",
    b"trailer", b"transfer-encoding", b"upgrade", b"expect",
}  # fmt: skip
FORWARDED = {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-prefix", b"x-forwarded-proto"}
ANSWER_SECONDS = 60.0
BODY_SECONDS = 30.0
LONGEST_REPEATABLE = 1024 * 1024  # a longer body is passed on while it comes
MOST_IN_FLIGHT = 100
"""Of one service, which works on a dozen and lets 64 wait: it would refuse what is beyond."""
PROBES = ("/healthz", "/readyz")
MOST_CONNECTIONS = 2000
TRIES = 3
PAUSE_SECONDS = 0.05


def create_app(config: LocalConfig) -> Starlette:
    """Return the gateway's application."""
    routes = Routes(config)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        routes.close()

    async def documents(request: Request) -> Response:
        return RedirectResponse(f"/api/{request.path_params['service']}/docs")

    async def index(_request: Request) -> Response:
        return HTMLResponse(_index_page(config))

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def in_flight(_request: Request) -> Response:
        return JSONResponse(routes.in_flight())

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", index),
            Route("/healthz", alive),
            Route("/in-flight", in_flight),
            Mount("/auth", routes=issuer.routes(issuer.Issuer.load(config))),
            Route("/api/{service}", documents),
            Mount("/api", Forwarder(config, routes)),
        ],
        exception_handlers={404: _nothing_here},
    )


class Forwarder:
    """Sends each request to its service and the answer back."""

    def __init__(self, config: LocalConfig, routes: Routes) -> None:
        self._known = sorted(service.slug for service in config.services)
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        slug = scope["path"].removeprefix("/api/").partition("/")[0]
        upstream = self._routes.find(slug)
        if upstream is None:
            answer = refusals.unknown_service(request, self._known)
        elif upstream.in_flight >= MOST_IN_FLIGHT and not scope["path"].endswith(PROBES):
            answer = refusals.overloaded(request, slug)
        else:
            try:
                await self._forward(request, slug, send)
            except ClientDisconnect:
                return
            except NotSent:
                answer = refusals.unreachable(request, slug, upstream.port)
            except NoAnswer:
                answer = refusals.unknown_outcome(request, slug)
            except TimeoutError:
                answer = refusals.too_slow(request, slug, ANSWER_SECONDS)
            else:
                return
        await answer(scope, receive, send)

    async def _forward(self, request: Request, slug: str, send: Send) -> None:
        async with asyncio.timeout(BODY_SECONDS):
            body, more = await _body_of(request)
        if more is None:
            await self._repeatedly(request, slug, body, send)
        else:
            await self._streaming(request, slug, body, more, send)

    async def _repeatedly(self, request: Request, slug: str, body: bytes, send: Send) -> None:
        """Send a request whose body is known, again if need be and may be."""
        head = _head(request, slug, len(body) if body or _says_length(request) else None)
        sent: NoAnswer | None = None
        for attempt in range(1, TRIES + 1):
            upstream = self._routes.find(slug)
            assert upstream is not None  # noqa: S101 - services do not vanish
            upstream.in_flight += 1
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    connection = await upstream.send(request.method, head, body)
                await _return(upstream, connection, send)
            except NotSent as error:
                if attempt == TRIES:
                    raise sent or error from None
            except NoAnswer as error:
                sent = error
                if attempt == TRIES or not _may_repeat(request):
                    raise
            else:
                return
            finally:
                upstream.in_flight -= 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _streaming(
        self, request: Request, slug: str, body: bytes, more: AsyncIterator[bytes], send: Send
    ) -> None:
        """Pass a long body on while it comes; once."""
        upstream = self._routes.find(slug)
        assert upstream is not None  # noqa: S101 - services do not vanish
        upstream.in_flight += 1
        try:
            length = request.headers.get("content-length")
            head = _head(request, slug, int(length) if length else -1)
            connection = await upstream.open(request.method, head)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await _pass_on(connection, body, more, chunked=length is None)
                    await connection.answer()
            except BaseException:
                connection.close()
                raise
            await _return(upstream, connection, send)
        finally:
            upstream.in_flight -= 1


async def _body_of(request: Request) -> tuple[bytes, AsyncIterator[bytes] | None]:
    """Return the whole body; or its beginning and the rest, if it is long."""
    if not _says_length(request) and "transfer-encoding" not in request.headers:
        return b"", None
    stream = request.stream()
    parts: list[bytes] = []
    size = 0
    async for part in stream:
        parts.append(part)
        size += len(part)
        if size > LONGEST_REPEATABLE:
            return b"".join(parts), stream
    return b"".join(parts), None


async def _pass_on(
    connection: Connection, body: bytes, more: AsyncIterator[bytes], *, chunked: bool
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield body
        async for part in more:
            if part:
                yield part

    async for part in parts():
        if not await connection.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part):
            return  # it has been answered already: too long, say
    if chunked:
        await connection.write(b"0\r\n\r\n")


async def _return(upstream: Upstream, connection: Connection, send: Send) -> None:
    """Send the answer to the client as it comes."""
    try:
        headers = _end_to_end(connection.headers)
        await send({"type": "http.response.start", "status": connection.status, "headers": headers})
        try:
            async for chunk in connection.body():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except NoAnswer as error:
            raise _BrokenOff from error  # too late for an answer of ours
        await send({"type": "http.response.body", "body": b""})
    finally:
        upstream.release(connection)


class _BrokenOff(Exception):
    """The answer stopped in the middle; so does ours, and the client sees it."""


def _may_repeat(request: Request) -> bool:
    """Tell whether to send it twice does no harm: services answer a repeated key as before."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return True
    return request.method == "POST" and "idempotency-key" in request.headers


def _says_length(request: Request) -> bool:
    return "content-length" in request.headers


def _head(request: Request, slug: str, length: int | None) -> bytes:
    """Return the request line and headers; a length of -1 means chunks."""
    lines = [f"{request.method} ".encode() + _target(request, slug) + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in _request_headers(request, slug)]
    if length is not None:
        lines.append(
            b"transfer-encoding: chunked" if length < 0 else b"content-length: %d" % length
        )
    return b"\r\n".join([*lines, b"", b""])


def _target(request: Request, slug: str) -> bytes:
    """Return path and query for the service, with the caller's percent-encoding untouched."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0].removeprefix(f"/api/{slug}".encode())
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _request_headers(request: Request, slug: str) -> Headers:
    dropped = FORWARDED | {b"content-length"}
    kept = _end_to_end(request.headers.raw)
    headers = [(name, value) for name, value in kept if name not in dropped]
    caller = request.client.host if request.client else HOST
    headers += [
        (b"x-forwarded-prefix", f"/api/{slug}".encode()),
        (b"x-forwarded-for", caller.encode()),
        (b"x-forwarded-proto", request.url.scheme.encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode()),
    ]
    return headers


def _end_to_end(headers: Headers) -> Headers:
    """Drop the headers that concern one connection only (RFC 9110, section 7.6.1)."""
    dropped = HOP_BY_HOP
    for name, value in headers:
        if name.lower() == b"connection":
            dropped = dropped | {token.strip().lower() for token in value.split(b",")}
    return [(name.lower(), value) for name, value in headers if name.lower() not in dropped]


async def _nothing_here(request: Request, _error: Exception) -> Response:
    return refusals.problem(
        request,
        404,
        "not-found",
        "There is nothing at this address. The services are below /api/<service>/v1/.",
        "该地址不存在。各服务位于 /api/<service>/v1/ 之下。",
    )


def _index_page(config: LocalConfig) -> str:
    rows = "".join(
        f'<li>{html.escape(service.slug)}: <a href="/api/{service.slug}/docs">API 文档 / API '
        f'documents</a>, <a href="/api/{service.slug}/openapi.json">openapi.json</a>, '
        f'<a href="/api/{service.slug}/readyz">状态 / readiness</a></li>'
        for service in config.services
    )
    return (
        '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>Kehu 客户</title>'
        "</head><body><h1>Kehu 客户</h1>"
        "<p>本机开发环境。令牌：<code>make token</code>。<br>"
        "The system on this machine. A token: <code>make token</code>.</p>"
        f"<ul>{rows}<li>令牌签发 / token issuer: "
        '<a href="/auth/.well-known/openid-configuration">openid-configuration</a></li></ul>'
        "</body></html>"
    )


def main() -> None:
    """Serve the gateway until SIGTERM."""
    config = LocalConfig.from_environment()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(
        create_app(config),
        host=HOST,
        port=config.gateway_port,
        access_log=False,
        proxy_headers=False,
        server_header=False,  # a service's own `Server` and `Date` pass
        date_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=MOST_CONNECTIONS,
        log_config=None,
    )


if __name__ == "__main__":
    main()
