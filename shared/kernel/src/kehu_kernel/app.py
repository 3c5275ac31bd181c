"""Putting a service's HTTP application together: middleware, errors, documents, health."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import fastapi_offline
import httpx
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response

from kehu_kernel import openapi, problems, telemetry
from kehu_kernel.auth import AuthenticationMiddleware, KeySet, TokenVerifier
from kehu_kernel.db import Constraints, Database
from kehu_kernel.dispatch import IndexedRoutes
from kehu_kernel.edge import EdgeMiddleware
from kehu_kernel.settings import ServiceSettings

SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
SWAGGER_ASSETS = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"})


def new_app(
    *,
    service: str,
    title: str,
    description: str,
    settings: ServiceSettings,
    constraints: Constraints,
    clients: tuple[httpx.AsyncClient, ...] = (),
) -> FastAPI:
    """Return a FastAPI application with everything that is the same in all services.

    `constraints` maps names of database constraints to the failures that breaking them means;
    `clients` are closed with the app. The caller includes its routers.
    """
    database = open_database(service, settings)
    keys_client = httpx.AsyncClient(timeout=5)
    provider = telemetry.tracer_provider(service, settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await database.dispose()
        for client in (keys_client, *clients):
            await client.aclose()
        provider.shutdown()

    app = FastAPI(
        title=title,
        version="1",
        description=description,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        # The edge measures, logs and traces; FastAPI doing so once more would double the cost.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.database = database
    app.state.tracer_provider = provider
    app.state.after_commit = _nothing_to_wake
    app.state.not_ready = "starting"
    app.state.draining = False
    app.state.healthy = _always_healthy
    problems.install(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    verifier = TokenVerifier(
        KeySet(settings.oidc_jwks_url, keys_client),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        cache_seconds=settings.token_cache_seconds,
    )
    app.build_middleware_stack = lambda: EdgeMiddleware(  # type: ignore[method-assign]
        AuthenticationMiddleware(
            # FastAPI's own layers end here: the edge knows what to do with every other exception.
            ExceptionMiddleware(IndexedRoutes(app.router), handlers=app.exception_handlers),
            verifier=verifier,
        ),
        service=service,
        settings=settings,
        constraints=constraints,
        tracer=provider.get_tracer("kehu.http"),
    )
    _add_operational_routes(app)
    return app


def serve(app: FastAPI, *routers: APIRouter) -> None:
    """Add the routers' operations to the app.

    Side by side, not nested as `include_router` would: a request is matched once, not twice.
    """
    for router in routers:
        app.router.routes.extend(router.routes)


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Return the operations of the app's routers."""
    return [route for route in app.routes if isinstance(route, APIRoute)]


def open_database(service: str, settings: ServiceSettings, *, worker: bool = False) -> Database:
    """Return the service's database, entered with the application role or the worker role."""
    return Database(
        settings.worker_database_url if worker else settings.database_url,
        application_name=f"kehu-{service}{'-worker' if worker else ''}",
        pool_size=settings.pool_size,
        pool_timeout=5.0 if worker else settings.pool_timeout,
        statement_timeout=60.0 if worker else settings.statement_timeout,
        lock_timeout=settings.lock_timeout,
        idle_in_transaction_timeout=60.0 if worker else settings.idle_in_transaction_timeout,
    )


def _nothing_to_wake() -> None:
    """Do nothing: the relay runs in another process and polls."""


def _always_healthy() -> str | None:
    return None


def _add_operational_routes(app: FastAPI) -> None:
    async def healthz(_request: Request) -> Response:
        """Alive? Touches no dependency: one outage must not become two."""
        stuck = app.state.healthy()
        status = 503 if stuck else 200
        return JSONResponse({"status": "stuck" if stuck else "alive", "detail": stuck}, status)

    async def readyz(_request: Request) -> Response:
        """Ready for requests: started, migrated, not draining, database reachable."""
        reason = app.state.not_ready
        if reason is None:
            try:
                await app.state.database.ping()
            except PoolTimeoutError:
                reason = None  # busy is not broken: who is taken out now, makes the others busier
            except Exception as error:
                reason = f"database: {type(error).__name__}"
        body = {"status": "ready" if reason is None else "not ready", "detail": reason}
        return JSONResponse(body, 200 if reason is None else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def docs(request: Request) -> HTMLResponse:
        """The API page, from files we carry: it works without the internet."""
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title=app.title,
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon.png",
        )

    async def asset(request: Request) -> Response:
        # Not a mount: behind a gateway that strips the prefix, a mount looks for the wrong file.
        name = request.path_params["name"]
        if name not in SWAGGER_ASSETS:
            raise HTTPException(404)
        return FileResponse(SWAGGER_UI / name)

    operational: dict[str, Callable[[Request], Any]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": metrics,
        "/docs": docs,
        "/docs/assets/{name}": asset,
    }
    for path, endpoint in operational.items():
        app.add_route(path, endpoint, include_in_schema=False)
