"""The floor of the API's figures: a bare Starlette handler with hand-written SQL on asyncpg.

It sends the statements that the service sends, in as many round trips, on the same schema with the
same role, and gives the same answers; it checks nothing, authenticates nobody and measures nothing.
Run by uvicorn as anybody would: its defaults, one worker.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from kehu_customer.customers.queries import DEFINED
from kehu_customer.duplicates.queries import ENTER, FIND, MOST_PER_KEY
from kehu_kernel.journal import STATEMENT as JOURNAL

TENANT, ACTOR = "bench", "tester"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TOPIC, CREATED = "kehu-customer-events", "customer.customer-created.v1"
JSON = "application/json"

ROW = (
    "id", "version", "kind", "code", "external_ref", "name", "roles", "parent_id", "owner_id",
    "department_id", "state", "industry", "country", "source", "founded_year", "employee_count",
    "annual_revenue", "annual_revenue_currency", "created_on", "promoted_on", "ended_on",
    "end_reason", "value_grade", "value_score", "value_sequence", "custom", "credit_code",
    "website", "merged_into_id", "anonymous", "created_at", "updated_at",
)  # fmt: skip
STATE = (
    "kind", "code", "name", "roles", "parent_id", "owner_id", "department_id", "state", "industry",
    "country", "source", "created_on", "promoted_on", "ended_on", "end_reason", "value_grade",
    "value_score", "merged_into_id", "anonymous",
)  # fmt: skip
AUDITED = tuple(name for name in ROW if name not in ("id", "version", "created_at", "updated_at"))

TOLD = (
    f"SELECT set_config('kehu.tenant', '{TENANT}', true), set_config('kehu.row_scope', 'all', true)"
)
BEGIN, BEGIN_READING = f"BEGIN; {TOLD}", f"BEGIN READ ONLY; {TOLD}"
INSERT_CUSTOMER = (
    f"INSERT INTO customers (tenant_id, {', '.join(ROW)}) "
    f"VALUES ({', '.join(f'${place}' for place in range(1, len(ROW) + 2))})"
)
CLAIM = (
    "INSERT INTO idempotency_keys (tenant_id, actor, key, fingerprint, created_at) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key"
)
SELECT = f"SELECT {', '.join(ROW)} FROM customers WHERE tenant_id = $1"
READ = f"{SELECT} AND id = $2"
LIST = (
    f"{SELECT} AND industry = $2 AND state = ANY ($3::text[]) "
    "ORDER BY name ASC NULLS LAST, id ASC LIMIT $4"
)


async def create(request: Request) -> Response:
    """Create a customer with its audit entry and event, and with an Idempotency-Key if given."""
    body = await request.body()
    now = datetime.now(UTC)
    row = _customer(orjson.loads(body), now)
    shown = _shown(row)
    answer = orjson.dumps(shown, default=str)
    key = request.headers.get("idempotency-key")
    location = f"/v1/customers/{row['id']}"
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(BEGIN)
        if key is not None:
            asked = b"POST /v1/customers?\n\n" + body
            await connection.fetch(CLAIM, TENANT, ACTOR, key, hashlib.sha256(asked).digest(), now)
        await connection.fetch(DEFINED, TENANT, [hash(row["name"])])
        await connection.fetch(f"WITH {ENTER}, {FIND}", TENANT, *_match_keys(row), MOST_PER_KEY)
        await connection.execute(INSERT_CUSTOMER, TENANT, *(row[name] for name in ROW))
        await connection.fetch(JOURNAL, *_journal(row, now), *_kept(key, location, answer))
        await connection.execute("COMMIT")
    return Response(answer, 201, {"etag": '"1"', "location": location}, JSON)


async def read(request: Request) -> Response:
    """Read a customer by id."""
    row = (await _rows(request, READ, UUID(request.path_params["id"])))[0]
    return Response(orjson.dumps(_shown(row), default=str), 200, {"etag": '"1"'}, JSON)


async def list_(request: Request) -> Response:
    """List the customers of an industry and a state, by name."""
    asked = request.query_params
    limit = int(asked["limit"])
    rows = await _rows(request, LIST, asked["industry"], [asked["state"]], limit + 1)
    items = [_shown(row) for row in rows[:limit]]
    cursor = "more" if len(rows) > limit else None
    page = {"items": items, "next_cursor": cursor, "count": None}
    return Response(orjson.dumps(page, default=str), 200, media_type=JSON)


async def _rows(request: Request, query: str, *values: object) -> list[Any]:
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(BEGIN_READING)
        rows = await connection.fetch(query, TENANT, *values)
        await connection.execute("ROLLBACK")
    return list(rows)


async def ready(_request: Request) -> Response:
    """Say that requests may come."""
    return Response()


def _customer(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    row = {name: given.get(name) for name in ROW}
    row |= {
        "id": uuid7(), "version": 1, "state": "prospect", "created_on": now.date(),
        "created_at": now, "updated_at": now, "custom": "{}", "anonymous": False,
        "roles": given.get("roles") or ["consumer"],
    }  # fmt: skip
    return row


def _match_keys(row: dict[str, Any]) -> tuple[list[Any], ...]:
    """Return as many keys as the service makes of such a name."""
    name = row["name"]
    keys = {"name": name, "sound": name, "start": name[2:5], "end": name[-3:]}
    return [row["id"]] * len(keys), list(keys), list(keys.values())


def _shown(row: Any) -> dict[str, Any]:
    shown = {name: row[name] for name in ROW}
    del shown["value_sequence"]
    shown["custom"] = orjson.loads(shown["custom"])
    currency, amount = shown.pop("annual_revenue_currency"), shown["annual_revenue"]
    if amount is not None:
        shown["annual_revenue"] = {"amount": str(amount), "currency": currency}
    return shown


def _journal(row: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    """Return the arguments for the event and the audit entry."""
    state = {"customer_id": row["id"], **{name: row[name] for name in STATE}, "changed": []}
    changes = {
        name: {"before": None, "after": row[name]} for name in AUDITED if row[name] is not None
    }
    return (
        TENANT, now, ACTOR, TRACEPARENT,
        [uuid7()], [TOPIC], [str(row["id"])], [CREATED], [1], [orjson.dumps(state, default=str)],
        str(uuid7()),
        [uuid7()], ["customer"], [row["id"]], [1], ["customer.created"],
        [orjson.dumps(changes, default=str).decode()],
    )  # fmt: skip


def _kept(key: str | None, location: str, answer: bytes) -> tuple[Any, ...]:
    """Return the arguments for the answer that is kept under the key."""
    if key is None:
        return None, None, None, None
    headers = {"content-type": JSON, "etag": '"1"', "location": location}
    return key, 201, orjson.dumps(headers).decode(), answer


async def _leave_as_it_is(_connection: object) -> None:
    """Give a connection back without the pool's own clean-up, which would be a round trip."""


def pool() -> asyncpg.Pool:
    """Return the pool of connections that the environment describes, not yet opened."""
    size = int(os.environ["BENCH_POOL_SIZE"])
    return asyncpg.create_pool(
        os.environ["BENCH_DATABASE_URL"],
        min_size=size,
        max_size=size,
        reset=_leave_as_it_is,
        server_settings={"jit": "off"},
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with pool() as app.state.pool:
        yield


app = Starlette(
    routes=[
        Route("/v1/customers", create, methods=["POST"]),
        Route("/v1/customers", list_, methods=["GET"]),
        Route("/v1/customers/{id}", read, methods=["GET"]),
        Route("/readyz", ready),
    ],
    lifespan=_lifespan,
)
