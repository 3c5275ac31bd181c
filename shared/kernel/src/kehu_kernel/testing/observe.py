"""What tests look at: emitted events, audit entries, the number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from sqlalchemy import event, select

from kehu_kernel.audit import AuditEntry
from kehu_kernel.context import Context
from kehu_kernel.db import Database
from kehu_kernel.plumbing import OutboxMessage
from kehu_kernel.session import Session


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event in the outbox."""

    type: str
    key: str
    sequence: int
    data: dict[str, Any]


async def emitted(database: Database, tenant: str, type_: str | None = None) -> list[Emitted]:
    """Return the tenant's events in the outbox, in order; only those of one type if given."""
    async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
        rows = await session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.tenant_id == tenant)
            .order_by(OutboxMessage.id)
        )
        return [
            Emitted(row.type, row.key, row.sequence, orjson.loads(row.payload))
            for row in rows
            if type_ in (None, row.type)
        ]


async def audited(database: Database, tenant: str) -> list[AuditEntry]:
    """Return the tenant's audit entries, in order."""
    async with database.transaction(Context(tenant_id=tenant, actor="tester")) as session:
        rows = await session.scalars(
            select(AuditEntry).where(AuditEntry.tenant_id == tenant).order_by(AuditEntry.id)
        )
        return list(rows)


@dataclass
class Queries:
    """The statements sent to the database inside a `count_queries` block, and their arguments."""

    statements: list[str] = field(default_factory=list)
    arguments: list[tuple[object, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def count_queries(database: Database) -> Iterator[Queries]:
    """Record every statement that the block sends: also those that begin and end transactions."""
    seen = Queries()
    run = Session._run

    async def by_driver(session: Session, call: Any, sql: str, *arguments: object) -> Any:
        if session._engine is database.engine:
            seen.statements.append(sql)
            seen.arguments.append(arguments)
        return await run(session, call, sql, *arguments)

    def by_sqlalchemy(_c: object, _cur: object, statement: str, given: Any, *_: object) -> None:
        seen.statements.append(statement)
        seen.arguments.append(tuple(given))

    event.listen(database.engine.sync_engine, "before_cursor_execute", by_sqlalchemy)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "_run", by_driver)
        try:
            yield seen
        finally:
            event.remove(database.engine.sync_engine, "before_cursor_execute", by_sqlalchemy)
