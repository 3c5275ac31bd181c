"""Copies of what other services own: the newest state of each record, kept from their events.

A record may have been merged into another one, its survivor. Whoever asks for either finds what
names both, and no row is touched for it: so undoing a merge needs no way back (ADR 0018).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, any_, case, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from kehu_contracts.base import Event
from kehu_kernel.columns import TenantRow
from kehu_kernel.records import Fact
from kehu_kernel.rows import DIALECT, as_document, shape_of
from kehu_kernel.session import Session


class Copy(TenantRow):
    """A record as the newest event about it said; `sequence` is that event's."""

    sequence: Mapped[int]


class MergingCopy(Copy):
    """A copy of a record that may have been merged into another one."""

    merged_into_id: Mapped[UUID | None]


async def keep_newest(
    session: Session,
    model: type[Copy],
    facts: Iterable[Fact],
    kind: type[Event] | tuple[type[Event], ...],
    columns: Callable[[Any], Mapping[str, Any]],
) -> None:
    """Keep what events of a kind say, unless something newer is known; ignore other events.

    `columns` gives the copy's values by name. `session` is the worker's: a batch holds events of
    many tenants, and costs one statement.
    """
    newest = {
        (envelope.tenant_id, getattr(event, event.key)): {
            **columns(event), "sequence": envelope.sequence
        }
        for event, envelope in sorted(facts, key=lambda fact: fact.envelope.sequence)
        if isinstance(event, kind)
    }  # fmt: skip
    if not newest:
        return
    # In the order of the keys: two batches that meet never wait for each other in a circle.
    copies = sorted(newest.items(), key=itemgetter(0))
    names = tuple(copies[0][1])
    documents = shape_of(model).documents
    values = [
        [as_document(copy[name]) if name in documents else copy[name] for _, copy in copies]
        for name in names
    ]
    tenants, ids = zip(*(key for key, _ in copies), strict=True)
    await session.fetch(_upsert(cast("Hashable", model), names), tenants, ids, *values)


@cache
def _upsert(model: Hashable, names: tuple[str, ...]) -> str:
    shape = shape_of(cast("type", model))
    listed = ("tenant_id", "id", *names)
    kinds = [
        "text" if name in shape.documents else shape.columns[name].type.compile(DIALECT)
        for name in listed
    ]
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
    read = ", ".join(f"{name}::jsonb" if name in shape.documents else name for name in listed)
    newer = ", ".join(f"{name} = excluded.{name}" for name in names)
    columns = ", ".join(listed)
    return (
        f"INSERT INTO {shape.table} AS known ({columns}) "  # noqa: S608 - our own names
        f"SELECT {read} FROM unnest({arrays}) AS new ({columns}) "
        f"ON CONFLICT (tenant_id, id) DO UPDATE SET {newer} "
        "WHERE known.sequence < excluded.sequence"
    )


def names_record(
    column: InstrumentedAttribute[Any], copies: type[MergingCopy], tenant_id: str, record_id: UUID
) -> ColumnElement[bool]:
    """Return the condition that a row names a record, or one that is the same by a merge.

    The ids are looked up once per statement, and the column's index is used for them.
    """
    into = select(copies.merged_into_id).where(
        copies.tenant_id == tenant_id, copies.id == record_id
    )
    found = into.scalar_subquery()
    # Not COALESCE, which the planner takes for leaky: under the policies no index is used for it.
    survivor = case((found.is_(None), record_id), else_=found)
    merged = select(copies.id).where(
        copies.tenant_id == tenant_id, copies.merged_into_id == survivor
    )
    same: Any = union_all(select(survivor), merged)
    return column == any_(func.array(same.scalar_subquery()))
