"""The audit log: who changed what, when, from what to what, in which request.

`created` and `changed` are the only ways an aggregate gets a new version; both write the audit
entry into the same transaction. The log is append-only: the application role may insert and read.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from kehu_kernel import ids
from kehu_kernel.columns import Aggregate, PlumbingBase, TenantRow
from kehu_kernel.context import context_of

BOOKKEEPING = frozenset({"tenant_id", "id", "version", "created_at", "updated_at"})


class AuditEntry(TenantRow, PlumbingBase):
    """One change of one aggregate. `changes` maps a field to its value before and after."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_entity", "tenant_id", "entity_id", "version"),
        Index("ix_audit_log_actor", "tenant_id", "actor", "id"),
    )

    at: Mapped[datetime]
    actor: Mapped[str]
    request_id: Mapped[str]
    entity: Mapped[str]
    entity_id: Mapped[UUID]
    version: Mapped[int]
    action: Mapped[str]
    changes: Mapped[dict[str, Any]]


def created(session: AsyncSession, row: Aggregate, **more: object) -> None:
    """Add a new aggregate at version 1, with its id, and its audit entry.

    `more` names values outside the row (lines, say) that the log should show.
    """
    now = context_of(session).now
    if inspect(row).dict.get("id") is None:
        row.id = ids.new_id()
    row.version, row.created_at, row.updated_at = 1, now, now
    session.add(row)
    changes = {
        name: {"before": None, "after": value}
        for name, value in (_values(row) | more).items()
        if value is not None
    }
    _append(session, row, "created", changes)


def changed(
    session: AsyncSession, row: Aggregate, action: str, **more: tuple[object, object]
) -> list[str]:
    """Advance the aggregate to its next version and write the audit entry.

    `action` says what happened (`promoted`). `more` gives (before, after) of values outside the
    row. Returns the names of the changed fields; with none, nothing is written and the version
    stays.
    """
    changes: dict[str, Any] = {}
    state = inspect(row)
    columns = set(state.mapper.column_attrs.keys()) - BOOKKEEPING
    for name in columns & state.committed_state.keys():
        history = state.attrs[name].history
        if history.has_changes():
            before = history.deleted[0] if history.deleted else None
            if before != history.added[0]:
                changes[name] = {"before": before, "after": history.added[0]}
    changes |= {
        name: {"before": before, "after": after}
        for name, (before, after) in more.items()
        if before != after
    }
    if changes:
        row.version += 1
        row.updated_at = context_of(session).now
        _append(session, row, action, changes)
    return sorted(changes)


async def changed_since(session: AsyncSession, entity_id: UUID, version: int) -> list[str]:
    """Return the names of the fields that changed after the given version."""
    entries = await session.scalars(
        select(AuditEntry.changes).where(
            AuditEntry.tenant_id == context_of(session).tenant_id,
            AuditEntry.entity_id == entity_id,
            AuditEntry.version > version,
        )
    )
    return sorted({name for changes in entries for name in changes})


def _values(row: Aggregate) -> dict[str, Any]:
    return {
        attribute.key: getattr(row, attribute.key)
        for attribute in inspect(row).mapper.column_attrs
        if attribute.key not in BOOKKEEPING
    }


def _append(session: AsyncSession, row: Aggregate, action: str, changes: dict[str, Any]) -> None:
    context = context_of(session)
    entity = re.sub(r"(?<!^)(?=[A-Z])", "-", type(row).__name__).lower()
    session.add(
        AuditEntry(
            at=context.now,
            actor=context.actor,
            request_id=context.request_id,
            entity=entity,
            entity_id=row.id,
            version=row.version,
            action=f"{entity}.{action}",
            changes=changes,
        )
    )
