"""Pytest fixtures for every service: a real PostgreSQL, migrated databases, clients, tokens.

Tests are isolated by tenant: each test invents one and commits for real, so row-level security,
unique keys and transactions are the real ones, and nothing has to be cleaned up. One server runs
per test process; one database per service, built by its migrations.

A service's `tests/conftest.py` defines one fixture, `service`; everything else comes from here.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from hypothesis import HealthCheck, settings

from kehu_kernel import migrations
from kehu_kernel.app import open_database
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.process import Databases, Service
from kehu_kernel.settings import ServiceSettings
from kehu_kernel.testing import erased
from kehu_kernel.testing.cluster import Cluster, running_cluster
from kehu_kernel.testing.tokens import AUDIENCE, ISSUER, TestIssuer

# A property holds however slow the machine is just now.
settings.register_profile(
    "kehu", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kehu")


@dataclass(frozen=True)
class RunningService:
    """A service whose database is migrated and whose application has started (no workers)."""

    service: Service
    settings: ServiceSettings
    app: FastAPI
    database: Database
    worker_database: Database

    @property
    def databases(self) -> Databases:
        """The database in both roles, as workers get it."""
        return Databases(app=self.database, worker=self.worker_database)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server with the three roles; `KEHU_DATABASE_URL` names another to use."""
    folder = Path(tempfile.mkdtemp(prefix="kehu-test-"))
    with running_cluster(folder) as cluster:
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def issuer() -> Iterator[TestIssuer]:
    """Signs tokens as the OIDC issuer would."""
    issuer = TestIssuer()
    yield issuer
    issuer.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_service(
    cluster: Cluster, issuer: TestIssuer
) -> AsyncIterator[Callable[[Service], Awaitable[RunningService]]]:
    """Starts a service for tests; the second call for the same service returns the first."""
    started: dict[str, RunningService] = {}
    async with AsyncExitStack() as stack:

        async def start(service: Service) -> RunningService:
            if service.name not in started:
                started[service.name] = await _start(service, cluster, issuer, stack)
            return started[service.name]

        yield start


async def _start(
    service: Service, cluster: Cluster, issuer: TestIssuer, stack: AsyncExitStack
) -> RunningService:
    urls = await cluster.create_database(f"{service.name.replace('-', '_')}_{uuid4().hex[:8]}")
    await asyncio.to_thread(migrations.upgrade, service.migrations, urls.owner)
    overrides: dict[str, Any] = {
        "database_url": urls.app,
        "worker_database_url": urls.worker,
        "owner_database_url": urls.owner,
        "oidc_issuer": ISSUER,
        "oidc_audience": AUDIENCE,
        "oidc_jwks_url": issuer.jwks_url,
        "pool_size": 20,
        "queue_seconds": 5.0,  # so many at once are a test of locks, not of load
        "drain_seconds": 0.0,
    }
    settings = service.settings(**overrides)
    app = service.create_app(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    app.state.not_ready = None
    worker_database = open_database(service.name, settings, worker=True)
    stack.push_async_callback(worker_database.dispose)
    return RunningService(service, settings, app, app.state.database, worker_database)


@pytest_asyncio.fixture(loop_scope="session")
async def running(
    start_service: Callable[[Service], Awaitable[RunningService]], service: Service
) -> RunningService:
    """The service under test, which the test folder's `service` fixture names."""
    return await start_service(service)


@pytest.fixture
def tenant() -> str:
    """A tenant nobody else uses."""
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def context(tenant: str) -> Context:
    """The circumstances of a command in the test's tenant."""
    return Context(tenant_id=tenant, actor="tester")


Traces = Callable[..., Awaitable[dict[str, int]]]


@pytest.fixture
def traces(cluster: Cluster, running: RunningService, tenant: str) -> Traces:
    """Looks for words in every column of the test's tenant; tells where, and in how many rows."""
    superuser = cluster.superuser(running.settings.database_url)

    async def look(*words: str) -> dict[str, int]:
        return await erased.traces(superuser, tenant, words)

    return look


@pytest.fixture
def database(running: RunningService) -> Database:
    """The service's database, entered with the application role."""
    return running.database


@pytest.fixture
def worker_database(running: RunningService) -> Database:
    """The service's database, entered with the worker role."""
    return running.worker_database


ClientFor = Callable[..., httpx.AsyncClient]


@pytest_asyncio.fixture(loop_scope="session")
async def client_for(running: RunningService, issuer: TestIssuer) -> AsyncIterator[ClientFor]:
    """Makes API clients: `client_for("tenant", roles=("analyst",))`."""
    async with AsyncExitStack() as stack:

        def make(tenant: str, **token: Any) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
            client = httpx.AsyncClient(
                transport=transport,
                base_url="http://kehu.test",
                headers={"Authorization": f"Bearer {issuer.token(tenant, **token)}"},
            )
            stack.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def client(client_for: ClientFor, tenant: str) -> httpx.AsyncClient:
    """An administrator of the test's tenant at the API."""
    return client_for(tenant)
