"""A small service for tests of the edge: operations that take as long as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import text

from kehu_kernel.app import new_app, serve
from kehu_kernel.auth import requires
from kehu_kernel.http import Session, router
from kehu_kernel.settings import ServiceSettings
from kehu_kernel.testing.events import EventDatabase
from kehu_kernel.testing.tokens import AUDIENCE, ISSUER, TestIssuer

things = router("/v1/things", "things")
SCOPE = "customer:customers:write"
INSERT = text("INSERT INTO aggregates VALUES (current_setting('kehu.tenant'), :id, 1)")


@things.get("", dependencies=[requires(SCOPE)])
async def read(session: Session, seconds: float = 0.0) -> int:
    """Count the things of all tenants, which takes the database that long."""
    await session.execute(text("SELECT pg_sleep(:s)"), {"s": seconds})
    return int(await session.scalar(text("SELECT count(*) FROM aggregates")) or 0)


@things.post("/{thing_id}", dependencies=[requires(SCOPE)])
async def make(session: Session, thing_id: UUID, idle: float = 0.0, busy: float = 0.0) -> int:
    """Make a thing, do nothing for `idle` seconds and keep the database busy for `busy`."""
    await session.execute(INSERT, {"id": thing_id})
    await asyncio.sleep(idle)
    await session.execute(text("SELECT pg_sleep(:s)"), {"s": busy})
    return 1


@dataclass(frozen=True)
class Lab:
    """The service with a test's own settings, and somebody who uses it."""

    app: FastAPI
    client: httpx.AsyncClient
    settings: ServiceSettings
    events: EventDatabase
    tenant: str

    async def make(self, thing_id: UUID | None = None, **asked: Any) -> httpx.Response:
        """Make a thing; `headers` go along, the rest are parameters."""
        headers = asked.pop("headers", {})
        return await self.client.post(
            f"/v1/things/{thing_id or uuid4()}", params=asked, headers=headers
        )

    async def count(self) -> object:
        """Return how many things the tenant has."""
        return await self.events.scalar(
            "SELECT count(*) FROM aggregates WHERE tenant_id = :t", t=self.tenant
        )

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep everybody from writing to the table."""
        owner = await asyncpg.connect(self.events.urls.owner)
        try:
            async with owner.transaction():
                await owner.execute("LOCK TABLE aggregates IN EXCLUSIVE MODE")
                yield
        finally:
            await owner.close()

    async def as_owner(self, statement: str) -> None:
        """Execute a statement as the owner of the tables."""
        owner = await asyncpg.connect(self.events.urls.owner)
        await owner.execute(statement)
        await owner.close()


NewLab = Callable[..., Awaitable[Lab]]
"""Makes the service with settings of a test's own: `await new_lab(request_seconds=0.5)`."""


async def start_lab(
    events: EventDatabase, issuer: TestIssuer, tenant: str, stack: AsyncExitStack, **settings: Any
) -> Lab:
    """Start the service; it stops with the stack."""
    given = ServiceSettings(
        database_url=events.urls.app,
        worker_database_url=events.urls.worker,
        oidc_issuer=ISSUER,
        oidc_audience=AUDIENCE,
        oidc_jwks_url=issuer.jwks_url,
        **settings,
    )
    app = new_app(service="things", title="Things", description="", settings=given, constraints={})
    serve(app, things)
    await stack.enter_async_context(app.router.lifespan_context(app))
    app.state.not_ready = None
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://things.test",
        headers={"Authorization": f"Bearer {issuer.token(tenant)}"},
        timeout=30,
    )
    await stack.enter_async_context(client)
    return Lab(app, client, given, events, tenant)
