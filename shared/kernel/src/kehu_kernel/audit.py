"""The audit log: who changed what, when, from what to what, in which request.

`created` and `changed` are the only ways an aggregate gets a new version; both write the audit
entry into the same transaction. The log is append-only: the application role may insert and read.
"""

import re
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Index, LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import ids, rows
from kehu_kernel.columns import Aggregate, PlumbingBase, TenantRow
from kehu_kernel.session import Session

BOOKKEEPING = frozenset({"tenant_id", "id", "version", "created_at", "updated_at"})


class AuditEntry(TenantRow, PlumbingBase):
    """One change of one aggregate. `changes` maps a field to its value before and after."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_entity", "tenant_id", "entity_id", "version"),
        Index("ix_audit_log_actor", "tenant_id", "actor", "id"),
        Index("ix_audit_log_sealing", "tenant_id", "xid", "id"),
        Index("ix_audit_log_xid", "xid", postgresql_using="brin"),
    )

    at: Mapped[datetime]
    actor: Mapped[str]
    request_id: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[UUID]
    version: Mapped[int]
    action: Mapped[str]
    changes: Mapped[dict[str, Any]]
    # Filled by the database, for `kehu_kernel.audit_chain`: a digest stands for erased values.
    xid: Mapped[int | None] = mapped_column(BigInteger)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)


def created(session: Session, row: Aggregate, **more: object) -> None:
    """Add a new aggregate at version 1, with its id, and its audit entry.

    `more` names values outside the row (lines, say) that the log should show.
    """
    now, values = session.context.now, row.__dict__  # a new row is filled without change events
    if values.get("id") is None:
        values["id"] = ids.new_id()
    values.update(version=1, created_at=now, updated_at=now)
    session.add(row)
    changes = {
        name: {"before": None, "after": value}
        for name, value in (_values(row) | more).items()
        if value is not None
    }
    _append(session, row, "created", changes)


def changed(
    session: Session, row: Aggregate, action: str, **more: tuple[object, object]
) -> list[str]:
    """Advance the aggregate to its next version and write the audit entry.

    `action` says what happened (`promoted`). `more` gives (before, after) of values outside the
    row. Returns the names of the changed fields; with none, nothing is written and the version
    stays.
    """
    if not session.holds(row):
        raise LookupError(f"{type(row).__name__} {row.id} is not of this session; load it again")
    outside = {name: values for name, values in more.items() if values[0] != values[1]}
    changes = {
        name: {"before": before, "after": after}
        for name, (before, after) in (rows.changes(row) | outside).items()
        if name not in BOOKKEEPING
    }
    if changes:
        row.version += 1
        row.updated_at = session.context.now
        _append(session, row, action, changes)
    return sorted(changes)


def noted(session: Session, entity: str, entity_id: UUID, action: str) -> None:
    """Write that something was done with an object that did not change it: that it was read."""
    session.journal.entries.append((ids.new_id(), entity, entity_id, 0, f"{entity}.{action}", "{}"))


async def changed_since(session: Session, entity_id: UUID, version: int) -> list[str]:
    """Return the names of the fields that changed after the given version."""
    entries = await session.scalars(
        select(AuditEntry.changes).where(
            AuditEntry.tenant_id == session.context.tenant_id,
            AuditEntry.entity_id == entity_id,
            AuditEntry.version > version,
        )
    )
    return sorted({name for changes in entries for name in changes})


def _values(row: Aggregate) -> dict[str, Any]:
    return {
        name: row.__dict__.get(name)
        for name in rows.shape_of(type(row)).names
        if name not in BOOKKEEPING
    }


def _append(session: Session, row: Aggregate, action: str, changes: dict[str, Any]) -> None:
    entity = entity_name(type(row).__name__)
    written = orjson.dumps(changes, default=str).decode()
    session.journal.entries.append(
        (ids.new_id(), entity, row.id, row.version, f"{entity}.{action}", written)
    )


@cache
def entity_name(model: str) -> str:
    """Return what objects of a class are called in the log: `VisitPolicy` is `visit-policy`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", model).lower()
