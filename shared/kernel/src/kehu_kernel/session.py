"""A session: one transaction of one tenant, and the rows that a command loads, changes and adds.

SQLAlchemy describes the tables and compiles queries (Core); the driver runs them. There is no unit
of work: `flush` writes what was added or changed with one statement per table and kind, `commit`
adds the journal (events, audit entries, the idempotent answer) with one more. Reading a row by its
key, writing and committing do not pass through SQLAlchemy at all, because its share of such a
command would be ten times that of the driver (ADR 0013).

A row is one object per session, however often it is read. Attribute changes are noticed by the
mapping; there are no relationships, no lazy loading and no autoflush.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar, cast, overload

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.sql.selectable import TypedReturnsRows
from sqlalchemy.util import greenlet_spawn
from sqlalchemy.util.typing import TupleAny, Unpack

from kehu_contracts.access import RowScope
from kehu_kernel import rows
from kehu_kernel.context import Context
from kehu_kernel.errors import ConcurrentChange
from kehu_kernel.journal import Journal

Row = TypeVar("Row")
Value = TypeVar("Value")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Lock = Literal["FOR SHARE", "FOR NO KEY UPDATE"]

TENANT = re.compile(r"[\w.:-]{1,255}", re.ASCII)  # goes into a statement as a literal
ROLLBACK_SECONDS = 5.0


class Session:
    """One transaction; begun at the first query, rolled back unless committed.

    `context` is missing for workers that act for all tenants.
    """

    def __init__(
        self, engine: AsyncEngine, context: Context | None, *, read_only: bool = False
    ) -> None:
        self._engine = engine
        self._context = context
        self._begin = _begin(context, read_only=read_only)
        self._pooled: PoolProxiedConnection | None = None
        self._driver: asyncpg.Connection[asyncpg.Record] | None = None
        self._core: AsyncConnection | None = None
        self._known: dict[tuple[type, tuple[Any, ...]], Any] = {}
        self._new: dict[int, Any] = {}
        self._savepoints = 0
        self.before_commit: Callable[[], None] = _nothing
        """Called when COMMIT is about to be sent; what it raises prevents that."""
        self._journal = Journal()

    @property
    def context(self) -> Context:
        """The circumstances it was opened with; raises `LookupError` for a worker's session."""
        if self._context is None:
            raise LookupError("This session acts for all tenants.")
        return self._context

    @property
    def journal(self) -> Journal:
        """What the commit will write beside the rows; raises `LookupError` as `context` does."""
        if self._context is None:
            raise LookupError("This session acts for all tenants: it records nothing.")
        return self._journal

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._driver is None:
            return
        if failure[0] is None:
            await self._release()
        else:  # also when cancelled, the connection goes back clean or not at all
            await asyncio.shield(self._release())

    # Queries

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run SQL with `$1` parameters by the driver and return its records."""
        driver = self._driver or await self._connect()
        return await self._run(driver.fetch, sql, *arguments)

    @overload
    async def execute(
        self, statement: TypedReturnsRows[Unpack[TupleAny]], parameters: Parameters | None = None
    ) -> CursorResult[Unpack[TupleAny]]: ...
    @overload
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Unpack[TupleAny]]: ...
    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Unpack[TupleAny]]:
        """Run a statement of SQLAlchemy and return its rows: columns, never mapped objects."""
        core = self._core or await self._open_core()
        return await core.execute(statement, parameters)

    @overload
    async def scalars(
        self, statement: TypedReturnsRows[Value], parameters: Parameters | None = None
    ) -> list[Value]: ...
    @overload
    async def scalars(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> list[Any]: ...
    async def scalars(self, statement: Executable, parameters: Parameters | None = None) -> Any:
        """Return the first column of each row, or the objects of `select(Model)`."""
        result = await self.execute(statement, parameters)
        model = rows.model_of(statement)
        if model is None:
            return list(result.scalars())
        shape = rows.shape_of(model)
        names = shape.attribute_names(result.keys())
        # As the driver gave them: what SQLAlchemy would make of them, `read` does for less.
        records = cast("Any", result).cursor.fetchall()
        return [self._known_as(model, shape.read(record, names)) for record in records]

    @overload
    async def scalar(
        self, statement: TypedReturnsRows[Value], parameters: Parameters | None = None
    ) -> Value | None: ...
    @overload
    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any: ...
    async def scalar(self, statement: Executable, parameters: Parameters | None = None) -> Any:
        """Return the first column, or the object, of the first row; None if there is none."""
        found = await self.scalars(statement, parameters)
        return found[0] if found else None

    async def get(
        self, model: type[Row], key: tuple[Any, ...], *, lock: Lock | None = None
    ) -> Row | None:
        """Return the row with this primary key, or None; `lock` keeps it until the end.

        A row that the session has is read again only to lock it.
        """
        known = self._known.get((model, key))
        if known is not None and lock is None:
            return cast("Row", known)
        by_key = rows.shape_of(model).by_key
        found = await self.read(model, f"{by_key} {lock}" if lock else by_key, *key)
        return found[0] if found else None

    async def read(self, model: type[Row], which: str, *arguments: object) -> list[Row]:
        """Return the rows that `which` says in SQL (`WHERE ...`), in its order.

        For what commands read again and again: SQLAlchemy would take ten times as long.
        """
        shape = rows.shape_of(model)
        found = await self.fetch(shape.select + which, *arguments)
        return [self._known_as(model, shape.read(one, shape.names)) for one in found]

    async def see_all_rows(self) -> None:
        """Have the rest of the transaction see and change all rows of the tenant.

        For what holds whoever asks: a rule about all rows, a row that leaves the caller's sight.
        To be called when the caller's right to do it has been found, under the caller's scope.
        """
        if self.context.row_scope != RowScope.ALL:
            await self.fetch("SELECT set_config('kehu.row_scope', 'all', true)")

    async def see_rows_in_scope(self) -> None:
        """Go back to what the caller may see and change, after `see_all_rows`."""
        scope = self.context.row_scope
        if scope != RowScope.ALL:
            await self.fetch("SELECT set_config('kehu.row_scope', $1, true)", scope.value)

    # Changes

    def add(self, row: object) -> None:
        """Have a new row inserted at the next flush."""
        self._new[id(row)] = row

    def holds(self, row: object) -> bool:
        """Whether a change of this row would be written: it was loaded or added here."""
        key = rows.shape_of(type(row)).key_of(row)
        return self._known.get((type(row), key)) is row or id(row) in self._new

    async def flush(self) -> None:
        """Write the added and changed rows, table by table in the order of their references.

        Within a table changes come first, so that a unique key can pass from one row to another.
        Raises `ConcurrentChange` if a changed row is gone or has another version.
        """
        added, self._new = list(self._new.values()), {}
        for row in added:
            rows.complete(row, self._context)
        changed = [row for row in self._known.values() if instance_state(row).modified]
        for statement in rows.writing(added, changed):
            await self._write(statement)
        for row in (*added, *changed):
            shape = rows.shape_of(type(row))
            self._known[type(row), shape.key_of(row)] = row
            rows.settle(row)

    async def commit(self) -> None:
        """Write everything, with the journal, and commit."""
        await self.flush()
        if self._journal:
            await self.fetch(*self._journal.statement(self.context))
            self._journal = Journal()
        if self._driver is not None:
            self.before_commit()
            ended = await self._run(self._driver.execute, "COMMIT")
            if ended != "COMMIT":  # an error was swallowed on the way, and nothing was kept
                raise RuntimeError("The transaction had failed before it was committed.")
            self._known.clear()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what the block did, and only that, if it raises.

        What was loaded before is forgotten then: load it again before changing it.
        """
        await self.flush()
        driver = self._driver or await self._connect()
        self._savepoints += 1
        name = f"s{self._savepoints}"
        written = self._journal.mark()
        await self._run(driver.execute, f"SAVEPOINT {name}")
        try:
            yield
            await self.flush()
        except BaseException:
            self._new.clear()
            self._known.clear()
            self._journal.forget_since(written)
            if not driver.is_closed():
                await self._run(driver.execute, f"ROLLBACK TO {name}")
            raise
        await self._run(driver.execute, f"RELEASE {name}")

    # Plumbing

    def _known_as(self, model: type, values: dict[str, Any]) -> Any:
        """Return the session's object for a row that was read; a newer read brings it up to date.

        An object with changes that are not written yet stays as it is.
        """
        shape = rows.shape_of(model)
        key = (model, tuple(values[name] for name in shape.key))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = shape.new()
        elif instance_state(known).modified:
            return known
        known.__dict__.update(values)
        return known

    async def _write(self, statement: rows.Statement) -> None:
        driver = self._driver or await self._connect()
        sql, arguments, counted = statement
        if not counted:
            if len(arguments) == 1:
                await self._run(driver.execute, sql, *arguments[0])
            else:
                await self._run(driver.executemany, sql, arguments)
            return
        if len(arguments) == 1:
            hit = await self._run(driver.fetch, sql, *arguments[0])
        else:
            hit = await self._run(driver.fetchmany, sql, arguments)
        if len(hit) != len(arguments):
            raise ConcurrentChange

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        self._pooled = await greenlet_spawn(self._engine.sync_engine.raw_connection)
        self._driver = cast("asyncpg.Connection[asyncpg.Record]", self._pooled.driver_connection)
        await self._run(self._driver.execute, self._begin)
        return self._driver

    async def _open_core(self) -> AsyncConnection:
        if self._driver is None:
            await self._connect()
        sync = self._engine.sync_engine
        self._core = AsyncConnection(self._engine, Connection(sync, connection=self._pooled))
        return self._core

    async def _run(
        self, call: Callable[..., Awaitable[Value]], sql: str, *arguments: object
    ) -> Value:
        """Have the driver run SQL; its errors become SQLAlchemy's, as those of queries are."""
        try:
            return await call(sql, *arguments)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise self._as_sqlalchemy(error) from error

    def _as_sqlalchemy(self, error: Exception) -> Exception:
        dbapi = cast("Any", self._engine.dialect.dbapi)
        try:
            cast("Any", self._pooled).dbapi_connection._handle_exception(error)
        except dbapi.Error as translated:
            closed = self._driver is None or self._driver.is_closed()
            wrapped: Exception = DBAPIError.instance(
                None, None, translated, dbapi.Error, connection_invalidated=closed
            )
            return wrapped
        except Exception as other:
            return other
        return error

    async def _release(self) -> None:
        """Give the connection back with no transaction open; throw it away if that fails."""
        pooled, driver = self._pooled, self._driver
        self._pooled = self._driver = self._core = None
        if pooled is None or driver is None:
            return
        try:
            if driver.is_in_transaction() and not driver.is_closed():
                async with asyncio.timeout(ROLLBACK_SECONDS):
                    await self._run(driver.execute, "ROLLBACK")
        except BaseException:
            driver.terminate()
            raise
        finally:
            if driver.is_closed() and pooled.is_valid:
                pooled.invalidate()
            pooled.close()


def _nothing() -> None:
    """Do nothing."""


def _begin(context: Context | None, *, read_only: bool) -> str:
    """Return the statements that begin the transaction and bind it to the tenant: one round trip.

    They also say which rows the caller may see, to the policies that `limit_rows` makes. A read
    that tries to write is refused by the database itself.
    """
    begin = "BEGIN READ ONLY" if read_only else "BEGIN"
    if context is None:
        return begin
    if not TENANT.fullmatch(context.tenant_id):
        raise ValueError(f"not a tenant: {context.tenant_id!r}")
    settings = {"tenant": context.tenant_id, "row_scope": context.row_scope.value}
    if context.row_scope != RowScope.ALL:
        settings["employee"] = str(context.employee_id or "")
    told = ", ".join(f"set_config('kehu.{name}', '{one}', true)" for name, one in settings.items())
    return f"{begin}; SELECT {told}"
