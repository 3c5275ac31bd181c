"""The HTTP edge: one transaction per request, committed before the answer; ETags; dependencies."""

import re
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from kehu_kernel import clock, deadline, idempotency
from kehu_kernel.auth import require_scopes
from kehu_kernel.columns import Aggregate
from kehu_kernel.context import Actor, Context
from kehu_kernel.dispatch import Dispatch
from kehu_kernel.errors import IfMatchRequired, InvalidHeader
from kehu_kernel.openapi import operation_id
from kehu_kernel.session import Session as TenantSession

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class TransactionRoute(APIRoute):
    """A route whose whole handling is one transaction of the caller's tenant.

    The body is read first, so that a slow client holds no connection. The answer is complete, with
    its idempotency record, before the commit; a commit that fails is the client's error answer.
    Reads run in a read-only transaction. The connection is taken at the first query.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._dispatch = Dispatch(self)
        self._scopes = [
            scope for one in self.dependencies for scope in getattr(one, "scopes", None) or ()
        ]
        self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await self._in_transaction(request)
        await response(scope, receive, send)

    async def _in_transaction(self, request: Request) -> Response:
        require_scopes(request.state.actor, self._scopes)  # before a stored answer may be given
        await request.body()
        read_only = request.method in SAFE_METHODS
        context = _context(request)
        async with request.app.state.database.session(context, read_only=read_only) as session:
            session.before_commit = deadline.commit_begins
            request.state.session = session
            key = idempotency.key_of(request)
            if key is not None:
                replay = await idempotency.claim(session, request, key)
                if replay is not None:
                    return replay
            response = await self._dispatch(request)
            if not read_only:
                if key is not None:
                    idempotency.remember(session, key, response)
                await session.commit()
        if not read_only:
            request.app.state.after_commit()
        return response


def router(prefix: str, tag: str) -> APIRouter:
    """Return a router of transactional routes under `prefix` (e.g. `/v1/customers`)."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=TransactionRoute,
        generate_unique_id_function=operation_id,
    )


def _context(request: Request) -> Context:
    actor: Actor = request.state.actor
    return Context(
        tenant_id=actor.tenant_id,
        actor=actor.subject,
        request_id=request.state.request_id,
        traceparent=request.state.traceparent,
        employee_id=actor.employee_id,
        scopes=actor.scopes,
        row_scope=actor.row_scope,
        roles=actor.roles,
    )


async def _session(request: Request) -> TenantSession:
    session: TenantSession = request.state.session
    return session


async def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


async def _today(request: Request) -> date:
    return clock.today(clock.now(), request.app.state.settings.time_zone)


def _version(header: str) -> int:
    match = re.fullmatch(r'(?:W/)?"(\d{1,9})"', header.strip())
    if match is None:
        raise InvalidHeader(
            header="If-Match",
            why_en='an ETag as this service returns it is expected, e.g. "3"',
            why_zh='应为本服务返回的 ETag，例如 "3"',
        )
    return int(match.group(1))


async def _expected_version(
    if_match: Annotated[str | None, Header(description="The ETag the change is based on.")] = None,
) -> int:
    if if_match is None:
        raise IfMatchRequired
    return _version(if_match)


async def _optional_version(
    if_match: Annotated[
        str | None, Header(description="Optional: refuse unless the object has this ETag.")
    ] = None,
) -> int | None:
    return None if if_match is None else _version(if_match)


Session = Annotated[TenantSession, Depends(_session)]
CurrentActor = Annotated[Actor, Depends(_actor)]
Today = Annotated[date, Depends(_today)]
ExpectedVersion = Annotated[int, Depends(_expected_version)]
OptionalVersion = Annotated[int | None, Depends(_optional_version)]


def set_etag(response: Response, row: Aggregate) -> None:
    """Answer with the aggregate's version as its ETag."""
    response.raw_headers.append((b"etag", b'"%d"' % row.version))
