"""Database access: one engine per role, transactions bound to a tenant, database errors explained.

The tenant is set when a transaction begins, for that transaction only. Row-level security does the
rest: a query that forgets its tenant filter sees nothing of other tenants.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import event, exc, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kehu_kernel import audit
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_kernel.context import Context
from kehu_kernel.errors import (
    ConcurrentChange,
    DomainError,
    InvalidText,
    NotFound,
    OutsideRowScope,
    PersonErased,
    TookTooLong,
    Unavailable,
    VersionConflict,
)
from kehu_kernel.session import Session

__all__ = ["Constraints", "Database", "explain", "explained", "require"]

Row = TypeVar("Row", bound=TenantRow)
Constraints = Mapping[str, type[DomainError]]

CANNOT_CONNECT = ("08", "57", "53")  # SQLSTATE classes: connection, shutdown, resources
CANCELED = "57014"  # by the statement timeout
# A character that PostgreSQL cannot store, or a text that is too long for an index.
NOT_TEXT = frozenset({"22021", "22P05", "54000"})
NOT_ALLOWED = "42501"
ERASED_PERSON = "erased_person"  # what the triggers of `erasure_schema` say was broken
ROW_SCOPE = "row_scope"  # the policy that `migrations.limit_rows` makes
IDLE_TOO_LONG = "25P03"
LOST_A_RACE = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock timeout
MEANING: Mapping[str, type[DomainError]] = {
    CANCELED: TookTooLong,
    **dict.fromkeys(NOT_TEXT, InvalidText),
    **dict.fromkeys(LOST_A_RACE, ConcurrentChange),
}


def _skip_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Drop pooled connections that the server has closed, a restart of it, say.

    The driver has noticed by itself: looking costs no round trip.
    """
    if connection.driver_connection.is_closed():
        raise exc.DisconnectionError


def asyncpg_url(url: str) -> str:
    """Return a `postgresql://` URL as SQLAlchemy's asyncpg dialect wants it."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _to_json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


class Database:
    """One PostgreSQL database, entered with one role.

    Time-outs are seconds; a lock that is not had in time makes the command fail with
    `ConcurrentChange`, a connection that is not had in time with `Unavailable`: nothing hangs.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        pool_size: int = 10,
        pool_timeout: float = 1.0,
        statement_timeout: float = 5.0,
        lock_timeout: float = 2.0,
        idle_in_transaction_timeout: float = 60.0,
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            asyncpg_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            pool_use_lifo=True,
            pool_reset_on_return=None,  # a session ends its transaction itself
            isolation_level="AUTOCOMMIT",  # and begins it, bound to the tenant
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": 5,
                "statement_cache_size": 500,
                "server_settings": {
                    "application_name": application_name,
                    "statement_timeout": str(int(statement_timeout * 1000)),
                    "lock_timeout": str(int(lock_timeout * 1000)),
                    "idle_in_transaction_session_timeout": str(
                        int(idle_in_transaction_timeout * 1000)
                    ),
                    "jit": "off",
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _skip_closed)

    def session(self, context: Context, *, read_only: bool = False) -> Session:
        """Return a session of `context.tenant_id`; its connection is taken at the first query."""
        return Session(self.engine, context, read_only=read_only)

    @asynccontextmanager
    async def transaction(self, context: Context) -> AsyncIterator[Session]:
        """Run a block as one transaction of the context's tenant; commit if it does not raise."""
        async with Session(self.engine, context) as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def worker_transaction(self) -> AsyncIterator[Session]:
        """Run a block as one transaction over all tenants (only the worker role sees any rows)."""
        async with Session(self.engine, None) as session:
            yield session
            await session.commit()

    async def ping(self) -> None:
        """Raise if the database cannot be reached."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def require(
    session: Session,
    model: type[Row],
    row_id: UUID,
    *,
    lock: bool = False,
    expected_version: int | None = None,
) -> Row:
    """Load one row of the session's tenant.

    `lock` takes the row lock (keys never change, so references to the row do not wait for it).
    Commands do so before anything else, so that an aggregate's events get their ids in commit
    order. Raises `NotFound`, or `VersionConflict` if the row is not at `expected_version`.
    """
    key = (session.context.tenant_id, row_id)
    row = await session.get(model, key, lock="FOR NO KEY UPDATE" if lock else None)
    if row is None:
        raise NotFound.of(model, row_id)
    if expected_version is not None and isinstance(row, Aggregate):
        await _require_version(session, row, expected_version)
    return row


async def _require_version(session: Session, row: Aggregate, expected: int) -> None:
    if row.version == expected:
        return
    raise VersionConflict(
        current=row.version,
        expected=expected,
        extra={
            "current_version": row.version,
            "changed_fields": await audit.changed_since(session, row.id, expected),
        },
    )


def explain(error: BaseException, constraints: Constraints) -> DomainError | None:
    """Return the business failure behind a database error, or None if it is a bug of ours.

    `constraints` maps names of unique, check and foreign keys to what breaking them means.
    """
    # The driver's own errors come through when a connection is lost while it is opened.
    lost = (exc.TimeoutError, ConnectionError, TimeoutError, exc.EmulatedDBAPIException)
    if isinstance(error, lost):
        return Unavailable()
    return _explain(error, constraints) if isinstance(error, exc.DBAPIError) else None


def _explain(error: exc.DBAPIError, constraints: Constraints) -> DomainError | None:
    if isinstance(error, exc.IntegrityError):
        cause = error.orig.__cause__ if error.orig is not None else None
        broken = getattr(cause, "constraint_name", None) or ""
        failure = PersonErased if broken == ERASED_PERSON else constraints.get(broken)
        return failure() if failure else None
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == NOT_ALLOWED and f'"{ROW_SCOPE}"' in str(error.orig):
        return OutsideRowScope()
    if state in MEANING:
        return MEANING[state]()
    if error.connection_invalidated or state.startswith(CANNOT_CONNECT) or state == IDLE_TOO_LONG:
        return Unavailable()
    return None


@contextmanager
def explained(constraints: Constraints) -> Iterator[None]:
    """Turn database errors raised inside the block into the business failures they mean."""
    try:
        yield
    except Exception as error:
        failure = explain(error, constraints)
        if failure is None:
            raise
        raise failure from error
