"""The floor of a command: the very statements that the service sends for it, sent again.

`record` has the service run the command once and keeps every statement with its arguments. The
handler here sends them for another record: the id in the path stands for the recorded one, ids that
the command made are made anew, and nothing is thought about in between.
"""

import asyncio
import os
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import event
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from bench.floor import pool
from bench.servers import TENANT
from kehu_kernel.context import Actor, Context
from kehu_kernel.db import Database
from kehu_kernel.session import Session
from kehu_kernel.testing.cluster import DatabaseUrls
from kehu_sales.opportunities.schemas import OpportunityPromotion
from kehu_sales.opportunities.service import promote_opportunity

JSON = "application/json"

Sent = tuple[str, str, tuple[Any, ...]]
"""A statement: the method of the driver that sends it, its SQL, its arguments."""


def record(urls: DatabaseUrls, opportunity_id: str, path: Path) -> None:
    """Promote one opportunity by the service's own code, and keep in a file what it sent."""
    sent = asyncio.run(_promote(urls, UUID(opportunity_id)))
    path.write_bytes(pickle.dumps((opportunity_id, sent)))


def statements_of(path: Path) -> list[Sent]:
    """Return what was recorded."""
    sent: list[Sent] = pickle.loads(path.read_bytes())[1]  # noqa: S301 - our own file
    return sent


async def _promote(urls: DatabaseUrls, opportunity_id: UUID) -> list[Sent]:
    sent: list[Sent] = []
    database = Database(urls.app, application_name="bench")
    run = Session._run

    async def by_driver(session: Session, call: Any, sql: str, *arguments: Any) -> Any:
        sent.append((call.__name__, sql, arguments))
        return await run(session, call, sql, *arguments)

    def by_sqlalchemy(_c: object, _cur: object, sql: str, arguments: Any, *_: object) -> None:
        sent.append(("fetch", sql, tuple(arguments)))

    event.listen(database.engine.sync_engine, "before_cursor_execute", by_sqlalchemy)
    actor = Actor("tester", TENANT, frozenset(), "tester")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "_run", by_driver)
        async with database.session(Context(tenant_id=TENANT, actor="tester")) as session:
            await promote_opportunity(
                session,
                opportunity_id,
                OpportunityPromotion.model_validate({}),
                actor=actor,
                today=datetime.now(UTC).date(),
            )
            await session.commit()
    await database.dispose()
    return sent


async def replay(request: Request) -> Response:
    """Send what was recorded, for the opportunity in the path."""
    recorded, sent = request.app.state.recorded
    wanted = request.path_params["id"]
    async with request.app.state.pool.acquire() as connection:
        for method, sql, arguments in sent:
            given = _instead(arguments, recorded, wanted)
            await getattr(connection, method)(sql, *given)
    answer = orjson.dumps({"id": wanted, "status": "in_progress"})
    return Response(answer, 200, {"etag": '"4"'}, JSON)


def _instead(value: Any, recorded: str, wanted: str) -> Any:
    """Return a recorded argument for another record; ids that the command made become new ones."""
    if isinstance(value, UUID):
        if str(value) == recorded:
            return UUID(wanted)
        return uuid7() if value.version == MADE_HERE else value
    if isinstance(value, str):
        return value.replace(recorded, wanted)
    if isinstance(value, bytes):
        return value.replace(recorded.encode(), wanted.encode())
    if isinstance(value, list | tuple):
        return type(value)(_instead(one, recorded, wanted) for one in value)
    return value


MADE_HERE = 7
"""The version of the ids that commands make; what was filled in before has others."""


async def ready(_request: Request) -> Response:
    """Say that requests may come."""
    return Response()


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with pool() as app.state.pool:
        yield


app = Starlette(
    routes=[
        Route("/v1/opportunities/{id}/promote", replay, methods=["POST"]),
        Route("/readyz", ready),
    ],
    lifespan=_lifespan,
)
if "BENCH_RECORDED" in os.environ:
    app.state.recorded = pickle.loads(  # noqa: S301 - our own file
        Path(os.environ["BENCH_RECORDED"]).read_bytes()
    )
