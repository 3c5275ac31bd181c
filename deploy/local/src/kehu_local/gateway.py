"""A gateway for development: every service, its documents and the token issuer on one port.

`/api/<service>/...` goes to the service without that prefix. Nothing is buffered or changed: the
body streams both ways. In production an ingress does this work.
"""

import html
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

from kehu_local import issuer
from kehu_local.config import LocalConfig, Service
from kehu_local.ports import HOST

log = logging.getLogger("kehu.gateway")

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te",
    b"trailer", b"transfer-encoding", b"upgrade",
}  # fmt: skip
FORWARDED = {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-prefix", b"x-forwarded-proto"}
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
IDLE_SECONDS = 4.0  # shorter than the 5 s after which uvicorn closes an idle connection


def create_app(config: LocalConfig) -> Starlette:
    """Return the gateway's application."""
    services = {service.slug: service for service in config.services}
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    limits = httpx.Limits(max_connections=None, keepalive_expiry=IDLE_SECONDS)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        transport = httpx.AsyncHTTPTransport(limits=limits)
        async with httpx.AsyncClient(transport=transport, timeout=timeout) as client:
            app.state.client = client
            yield

    async def forward(request: Request) -> Response:
        service = services.get(request.path_params["service"])
        if service is None:
            return _unknown_service(request, sorted(services))
        return await _forward(request, service)

    async def documents(request: Request) -> Response:
        return RedirectResponse(f"/api/{request.path_params['service']}/docs")

    async def index(_request: Request) -> Response:
        return HTMLResponse(_index_page(config))

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", index),
            Route("/healthz", alive),
            Mount("/auth", routes=issuer.routes(issuer.Issuer.load(config))),
            Route("/api/{service}", documents),
            Route("/api/{service}/{path:path}", forward, methods=METHODS),
        ],
        exception_handlers={404: _nothing_here},
    )


async def _forward(request: Request, service: Service) -> Response:
    client: httpx.AsyncClient = request.app.state.client
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    # A Request of its own, because the client would add headers that the caller did not send.
    outgoing = httpx.Request(
        request.method,
        httpx.URL(service.url, raw_path=_target(request, service)),
        headers=_request_headers(request, service),
        content=request.stream() if has_body else None,
        extensions={"timeout": client.timeout.as_dict()},
    )
    try:
        answer = await client.send(outgoing, stream=True, follow_redirects=False)
    except httpx.TimeoutException as error:
        if not isinstance(error, httpx.ConnectTimeout):
            return _too_slow(request, service)
        return _unreachable(request, service)
    except httpx.TransportError:
        return _unreachable(request, service)
    response = StreamingResponse(_stream(answer), answer.status_code)
    response.raw_headers = _end_to_end(answer.headers.raw)
    return response


async def _stream(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _target(request: Request, service: Service) -> bytes:
    """Return path and query for the service, with the caller's percent-encoding untouched."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.partition(b"?")[0].removeprefix(f"/api/{service.slug}".encode())
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _request_headers(request: Request, service: Service) -> list[tuple[bytes, bytes]]:
    kept = _end_to_end(request.headers.raw)
    headers = [(name, value) for name, value in kept if name not in FORWARDED]
    caller = request.client.host if request.client else HOST
    headers += [
        (b"x-forwarded-prefix", f"/api/{service.slug}".encode()),
        (b"x-forwarded-for", caller.encode()),
        (b"x-forwarded-proto", request.url.scheme.encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode()),
    ]
    return headers


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Drop the headers that concern one connection only (RFC 9110, section 7.6.1)."""
    dropped = set(HOP_BY_HOP)
    for name, value in headers:
        if name.lower() == b"connection":
            dropped |= {token.strip().lower() for token in value.split(b",")}
    return [(name.lower(), value) for name, value in headers if name.lower() not in dropped]


def _unreachable(request: Request, service: Service) -> Response:
    log.warning("%s cannot be reached at %s", service.slug, service.url)
    return _problem(
        request,
        502,
        "service-unreachable",
        f"The {service.slug} service does not answer at {service.url}. "
        f"See `make status` and `.venv/bin/kehu logs {service.slug}`; `make up` starts it again.",
        f"{service.slug} 服务在 {service.url} 没有响应。"
        f"请查看 `make status` 和 `.venv/bin/kehu logs {service.slug}`；`make up` 可重新启动。",
    )


def _too_slow(request: Request, service: Service) -> Response:
    return _problem(
        request,
        504,
        "service-too-slow",
        f"The {service.slug} service did not answer within {ANSWER_SECONDS:.0f} seconds. "
        f"See `.venv/bin/kehu logs {service.slug}`.",
        f"{service.slug} 服务在 {ANSWER_SECONDS:.0f} 秒内没有答复。"
        f"请查看 `.venv/bin/kehu logs {service.slug}`。",
    )


def _unknown_service(request: Request, known: list[str]) -> Response:
    names = ", ".join(known)
    return _problem(
        request,
        404,
        "unknown-service",
        f"There is no such service. There are: {names}.",
        f"没有这个服务。现有服务：{names}。",
    )


async def _nothing_here(request: Request, _error: Exception) -> Response:
    return _problem(
        request,
        404,
        "not-found",
        "There is nothing at this address. The services are below /api/<service>/v1/.",
        "该地址不存在。各服务位于 /api/<service>/v1/ 之下。",
    )


TITLES = {
    404: ("Not Found", "未找到"),
    502: ("Bad Gateway", "网关错误"),
    504: ("Gateway Timeout", "网关超时"),
}


def _problem(request: Request, status: int, code: str, en: str, zh: str) -> Response:
    chinese = request.headers.get("accept-language", "").lower().startswith("zh")
    request_id = request.headers.get("x-request-id") or str(uuid.uuid4())
    return JSONResponse(
        {
            "type": f"urn:kehu:problem:{code}",
            "title": TITLES[status][chinese],
            "status": status,
            "detail": zh if chinese else en,
            "code": code,
            "instance": request.url.path,
            "request_id": request_id,
            "errors": [],
        },
        status,
        {"X-Request-Id": request_id, "Content-Language": "zh" if chinese else "en"},
        media_type="application/problem+json",
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
    logging.getLogger("httpx").setLevel(logging.WARNING)
    uvicorn.run(
        create_app(config),
        host=HOST,
        port=config.gateway_port,
        access_log=False,
        proxy_headers=False,
        server_header=False,  # a service's own `Server` and `Date` pass
        date_header=False,
        timeout_graceful_shutdown=5,
        log_config=None,
    )


if __name__ == "__main__":
    main()
