"""What every request passes first: id, trace, log, metrics, limits; and the last net for errors.

Plain ASGI: a middleware built on Starlette's `BaseHTTPMiddleware` would cost more than all of this.
"""

import logging
import re
import time
from http import HTTPStatus

from opentelemetry.trace import SpanKind, Tracer
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import contextvars

from kehu_kernel import ids, problems, telemetry
from kehu_kernel.db import Constraints
from kehu_kernel.errors import BodyTooLarge, DomainError
from kehu_kernel.settings import ServiceSettings

REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
log = logging.getLogger("kehu.http")


class Overloaded(DomainError):
    """Too many requests are being worked on; this one was not begun."""

    code = "overloaded"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    en = "The service is at its limit. Nothing was done; try again shortly."
    zh = "服务已达到负载上限。本次操作未生效，请稍后重试。"
    retryable = True


class EdgeMiddleware:
    """The outermost layer of every service."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        settings: ServiceSettings,
        constraints: Constraints,
        tracer: Tracer,
    ) -> None:
        self._app, self._service, self._settings = app, service, settings
        self._constraints, self._tracer = constraints, tracer
        self._in_flight = telemetry.HTTP_IN_FLIGHT.labels(service)
        self._shed = telemetry.HTTP_SHED.labels(service)
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_of(scope) in UNLIMITED:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if REQUEST_ID.fullmatch(given) else str(ids.new_id())
        parent = telemetry.parent_of(headers.get(b"traceparent", b"").decode("latin-1") or None)
        span = self._tracer.start_span(scope["method"], parent, SpanKind.SERVER)
        state = scope.setdefault("state", {})
        state["request_id"], state["traceparent"] = request_id, telemetry.traceparent_of(span)
        answer = _Answer(send, request_id, scope.get("root_path", ""))
        started = time.perf_counter()
        self._running += 1
        self._in_flight.set(self._running)
        contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._handle(scope, receive, answer)
        finally:
            self._running -= 1
            self._in_flight.set(self._running)
            self._record(scope, answer.status, time.perf_counter() - started)
            span.end()
            contextvars.clear_contextvars()

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        request = Request(scope)
        if self._running > self._settings.concurrency_limit:
            self._shed.inc()
            await problems.problem_response(request, Overloaded())(scope, receive, answer)
            return
        try:
            limited = _limited(receive, self._settings.max_body_bytes)
            await self._app(scope, limited, answer)
        except ClientDisconnect:
            return  # nobody waits for an answer
        except Exception as error:
            if answer.status is not None:  # too late to say so: the client sees a broken answer
                raise
            response = problems.unexpected(request, error, self._constraints)
            await response(scope, receive, answer)

    def _record(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method, code = scope["method"], str(status or 499)
        telemetry.HTTP_SECONDS.labels(self._service, method, route, code).observe(seconds)
        log.info(
            "request",
            extra={
                "method": method,
                "route": route,
                "status": code,
                "ms": round(seconds * 1000, 1),
                "tenant": getattr(scope["state"].get("actor"), "tenant_id", None),
            },
        )


class _Answer:
    """Forwards the answer, adds the request id, remembers the status.

    Services name places within themselves (`/v1/...`); a `Location` gets the prefix they are
    served under.
    """

    def __init__(self, send: Send, request_id: str, prefix: str) -> None:
        self._send, self._request_id, self._prefix = send, request_id.encode(), prefix.encode()
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [
                (name, self._prefix + value if name == b"location" else value)
                for name, value in message["headers"]
            ]
            message["headers"] = [*headers, (b"x-request-id", self._request_id)]
        await self._send(message)


def path_of(scope: Scope) -> str:
    """Return the path within the service, without the prefix it is served under."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _limited(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise BodyTooLarge(limit=limit)
        return message

    return receive_limited
