"""What every request passes first: limits, id, trace, log, metrics; and the last net for errors.

Plain ASGI: a middleware built on Starlette's `BaseHTTPMiddleware` would cost more than all of this.
"""

import logging
import re
import time

from opentelemetry.trace import SpanKind, Tracer
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kehu_kernel import deadline, ids, problems, telemetry
from kehu_kernel.db import Constraints
from kehu_kernel.errors import BodyTooLarge, Overloaded
from kehu_kernel.gate import Gate, Place
from kehu_kernel.settings import ServiceSettings

REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
MOST_REQUESTS = 1000
"""Begun and waiting ones together, those whose body is still on its way included."""
log = logging.getLogger("kehu.http")


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
        self._shed = telemetry.HTTP_SHED.labels(service)
        self._gate = Gate(
            limit=settings.concurrency_limit,
            queue=settings.queue_limit,
            seconds=settings.queue_seconds,
            refused=self._shed,
        )
        self._open = 0
        telemetry.HTTP_IN_FLIGHT.labels(service).set_function(lambda: self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_of(scope) in UNLIMITED:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if REQUEST_ID.fullmatch(given) else str(ids.new_id())
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        place = Place(self._gate)
        answer = _Answer(scope, send, place)
        if self._open >= MOST_REQUESTS or self._gate.is_full():
            self._shed.inc()
            await problems.problem_response(Request(scope), Overloaded())(scope, receive, answer)
            return
        parent = telemetry.parent_of(headers.get(b"traceparent", b"").decode("latin-1") or None)
        span = self._tracer.start_span(scope["method"], parent, SpanKind.SERVER)
        state["traceparent"] = telemetry.traceparent_of(span)
        started = time.perf_counter()
        self._open += 1
        within = telemetry.REQUEST_ID.set(request_id)
        try:
            await self._handle(scope, receive, answer, headers)
        finally:
            place.leave()
            self._open -= 1
            self._record(scope, answer.status, time.perf_counter() - started)
            span.end()
            telemetry.REQUEST_ID.reset(within)

    async def _handle(
        self, scope: Scope, receive: Receive, answer: "_Answer", headers: dict[bytes, bytes]
    ) -> None:
        given = headers.get(deadline.HEADER)
        limit = deadline.Deadline(deadline.seconds_for(given, self._settings.request_seconds))
        body = _Body(receive, self._settings.max_body_bytes, answer.place)
        try:
            async with limit:
                if not _has_body(headers):
                    await answer.place.enter()
                await self._app(scope, body, answer)
        except ClientDisconnect:
            return  # nobody waits for an answer
        except Exception as error:
            if answer.status is not None:  # too late to say so: the client sees a broken answer
                raise
            failure = limit.explain(error, self._constraints)
            response = problems.unexpected(Request(scope), error, failure)
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
    served under. The place at the gate is given back: to send is no work. While the process ends,
    clients are asked to come back on another connection.
    """

    def __init__(self, scope: Scope, send: Send, place: Place) -> None:
        self._scope, self._send = scope, send
        self.place = place
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.place.leave()
            self.status = message["status"]
            prefix = self._scope.get("root_path", "").encode()
            headers = [
                (name, prefix + value if name == b"location" else value)
                for name, value in message["headers"]
            ]
            headers.append((b"x-request-id", self._scope["state"]["request_id"].encode()))
            if self._scope["app"].state.draining:
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        await self._send(message)


class _Body:
    """Bounds the body, and takes the place at the gate when all of it has come."""

    def __init__(self, receive: Receive, limit: int, place: Place) -> None:
        self._receive, self._limit, self._place = receive, limit, place
        self._taken = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > self._limit:
                raise BodyTooLarge(limit=self._limit)
            if not message.get("more_body", False):
                await self._place.enter()
        return message


def path_of(scope: Scope) -> str:
    """Return the path within the service, without the prefix it is served under."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
