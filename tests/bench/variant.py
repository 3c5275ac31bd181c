"""The customer's API with one thing switched off, to see what it costs: `BENCH_WITHOUT=audit`.

Nothing of this can be switched off in the product. Row-level security needs no patch: the bench
gives the server a role that is not bound by it. Idempotency is off when no key is sent.
"""

import os
from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NoOpTracer
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.servers import TENANT
from kehu_contracts.access import ROLES
from kehu_customer.__main__ import SERVICE
from kehu_kernel import audit, auth, http, telemetry
from kehu_kernel.context import Actor
from kehu_kernel.process import main
from kehu_local.errors import LocalError

ADMINISTRATOR = Actor(
    subject="tester", tenant_id=TENANT, scopes=frozenset(ROLES["administrator"]), name="tester"
)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class _Everybody:
    """Stands for the authentication middleware: lets everybody in as the administrator."""

    def __init__(self, app: ASGIApp, **_options: object) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["actor"] = ADMINISTRATOR
        await self._app(scope, receive, send)


def _replace(owner: Any, name: str, value: object) -> None:
    """Replace something that must be there: a patch that no longer fits must not go unnoticed."""
    if not hasattr(owner, name):
        raise LocalError(f"bench.variant: {owner.__name__} has no {name} any more")
    setattr(owner, name, value)


def without_authentication() -> None:
    """Nobody is asked who he is; scopes are not looked at."""
    _replace(auth.AuthenticationMiddleware, "__init__", _Everybody.__init__)
    _replace(auth.AuthenticationMiddleware, "__call__", _Everybody.__call__)
    _replace(auth, "require_scopes", lambda _actor, _scopes: None)
    _replace(http, "require_scopes", lambda _actor, _scopes: None)


def without_cached_tokens() -> None:
    """Every token is verified anew."""
    _replace(auth, "CACHED_TOKENS", 0)


def without_audit() -> None:
    """No audit entries; versions are still counted."""
    _replace(audit, "_append", lambda *_arguments: None)


def without_tracing() -> None:
    """No spans: a constant stands for the trace context that goes into the outbox."""
    _replace(TracerProvider, "get_tracer", lambda *_arguments, **_options: NoOpTracer())
    _replace(telemetry, "parent_of", lambda _traceparent: None)
    _replace(telemetry, "traceparent_of", lambda _span: TRACEPARENT)


VARIANTS: dict[str, Callable[[], None]] = {
    "authentication": without_authentication,
    "token cache": without_cached_tokens,
    "audit": without_audit,
    "tracing": without_tracing,
}

if __name__ == "__main__":
    VARIANTS[os.environ["BENCH_WITHOUT"]]()
    main(SERVICE)
