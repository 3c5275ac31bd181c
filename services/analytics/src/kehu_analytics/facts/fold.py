"""The fold: from a batch of events to the fact tables, with a fixed number of statements.

It is pure: the tables depend on the set of events alone, not on their batches, on duplicates, on
the order in which partitions are read, or on the clock. Tests hold it to that.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Executable,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from kehu_analytics.db import Base
from kehu_analytics.facts.models import CustomerFact, OpportunityPast
from kehu_analytics.facts.rows import Kind, Row, history_row, kind_of
from kehu_contracts import sales
from kehu_contracts.base import Event
from kehu_contracts.topics import topic_of
from kehu_kernel.records import Fact
from kehu_kernel.session import Session

CustomerKey = tuple[str, UUID]
"""Tenant and customer."""


class Touched(NamedTuple):
    """What a batch concerns: customers, and tenants in which another is merged into another now."""

    customers: set[CustomerKey]
    merging: set[str]


COMMON = ("tenant_id", "id", "sequence", "at")
"""Columns that every row of present states starts with."""

# LATERAL with OFFSET 0 reads the history of each opportunity by its key: no plan made while the
# table was empty can turn this into a scan.
LIMIT_PAST = text(
    """
    UPDATE opportunity_history AS past SET valid_to = limits.next_on
    FROM unnest(CAST(:tenants AS text[]), CAST(:opportunities AS uuid[]))
            AS touched (tenant_id, opportunity_id)
        CROSS JOIN LATERAL (
            SELECT sequence, valid_to, min(effective_on) OVER (
                ORDER BY sequence ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
            ) AS next_on
            FROM opportunity_history AS row
            WHERE row.tenant_id = touched.tenant_id
                AND row.opportunity_id = touched.opportunity_id
            OFFSET 0
        ) AS limits
    WHERE past.tenant_id = touched.tenant_id AND past.opportunity_id = touched.opportunity_id
        AND past.sequence = limits.sequence AND limits.valid_to IS DISTINCT FROM limits.next_on
    """
)
SET_NEWEST = text(
    """
    INSERT INTO newest_facts AS stored (tenant_id, topic, at)
    SELECT * FROM unnest(
        CAST(:tenants AS text[]), CAST(:topics AS text[]), CAST(:times AS timestamptz[])
    ) AS new (tenant_id, topic, at)
    ON CONFLICT (tenant_id, topic) DO UPDATE SET at = excluded.at WHERE stored.at < excluded.at
    """
)


async def fold_facts(session: Session, facts: Sequence[Fact]) -> Touched:
    """Fold events into the fact tables and return what they concern.

    `session` is the worker's: a batch holds events of many tenants. Repeated and late events
    change nothing about the present; a late event that was never seen joins the history.
    """
    batch = _Batch(facts)
    touched = Touched(batch.touched, set())
    for kind, rows in batch.present.items():
        for tenant_id, before, after in await _upsert(session, kind, rows.values()):
            if before is not None:
                touched.customers.add((tenant_id, before))
            if kind.model is CustomerFact and before != after:
                touched.merging.add(tenant_id)
    if batch.past:
        await _append_past(session, batch.past)
    return touched


async def note_newest(session: Session, facts: Iterable[Fact]) -> None:
    """Note how far the tenants' facts reach.

    Call it last: concurrent workers share these rows, and a short lock holds nobody up.
    """
    newest: dict[tuple[str, str], Any] = {}
    for event, envelope in facts:
        key = envelope.tenant_id, _topic(type(event))
        newest[key] = max(newest.get(key, envelope.time), envelope.time)
    entries = sorted(newest.items())
    await session.execute(
        SET_NEWEST,
        {
            "tenants": [tenant for (tenant, _), _ in entries],
            "topics": [topic for (_, topic), _ in entries],
            "times": [at for _, at in entries],
        },
    )


class _Batch:
    """A batch sorted by table, with only the newest state of each object."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.present: dict[Kind, dict[tuple[str, UUID], Row]] = {}
        self.past: dict[tuple[str, UUID, int], Row] = {}
        self.touched: set[CustomerKey] = set()
        for event, envelope in facts:
            kind = _kind(type(event))
            if kind is None:
                continue
            tenant_id, sequence = envelope.tenant_id, envelope.sequence
            key = tenant_id, getattr(event, event.key)
            rows = self.present.setdefault(kind, {})
            if key not in rows or rows[key][2] < sequence:
                rows[key] = (*key, sequence, envelope.time, *kind.row(event))
            if isinstance(event, sales.OpportunityState):
                self.past.setdefault((*key, sequence), history_row(event, envelope))
            for name in filter(None, {kind.touches, kind.counts_for}):
                customer_id = getattr(event, name)
                if customer_id is not None:
                    self.touched.add((tenant_id, customer_id))


async def _upsert(
    session: Session, kind: Kind, rows: Iterable[Row]
) -> list[tuple[str, UUID | None, UUID | None]]:
    """Store newer states; return the tenant and whom each counted for before, and does now."""
    result = await session.execute(_upsert_statement(kind), _columns(_present_names(kind), rows))
    return [(tenant, before, after) for tenant, before, after in result]


async def _append_past(session: Session, past: dict[tuple[str, UUID, int], Row]) -> None:
    result = await session.execute(
        _append_statement(), _columns(_table(OpportunityPast).columns.keys(), past.values())
    )
    touched = sorted({(tenant, opportunity) for tenant, opportunity in result})
    if touched:
        await session.execute(
            LIMIT_PAST,
            {
                "tenants": [tenant for tenant, _ in touched],
                "opportunities": [opportunity for _, opportunity in touched],
            },
        )


@cache
def _upsert_statement(kind: Kind) -> Executable:
    table, names = _table(kind.model), _present_names(kind)
    statement = insert(table).from_select(names, _incoming(table, names))
    newer = {name: statement.excluded[name] for name in names if name not in ("tenant_id", "id")}
    # An opportunity may have moved to another customer: the one it left is concerned, too.
    counts_for = kind.counts_for
    before, after = (f"old.{counts_for}", f"new.{counts_for}") if counts_for else ("NULL", "NULL")
    return statement.on_conflict_do_update(
        index_elements=["tenant_id", "id"],
        set_=newer,
        where=table.c.sequence < statement.excluded.sequence,
    ).returning(table.c.tenant_id, literal_column(before), literal_column(after))


@cache
def _append_statement() -> Executable:
    table = _table(OpportunityPast)
    names = table.columns.keys()
    return (
        insert(table)
        .from_select(names, _incoming(table, names))
        .on_conflict_do_nothing()
        .returning(table.c.tenant_id, table.c.opportunity_id)
    )


def _incoming(table: Table, names: Sequence[str]) -> Select[Any]:
    """Return a select over one array parameter per column: any number of rows, one statement."""
    types = {name: table.c[name].type for name in names}
    arrays = [
        bindparam(name, type_=ARRAY(Text() if isinstance(kind, ARRAY) else kind, dimensions=1))
        for name, kind in types.items()
    ]
    rows = func.unnest(*arrays).table_valued(*names, name="incoming").render_derived()
    return select(*(cast(rows.c[name], kind) for name, kind in types.items()))


def _columns(names: Sequence[str], rows: Iterable[Row]) -> dict[str, list[Any]]:
    """Return the rows as one list per column, by column name."""
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _present_names(kind: Kind) -> list[str]:
    """Return the columns of a table of present states, in the order of its rows."""
    own = [column.name for column in _table(kind.model).columns if column.name not in COMMON]
    return [*COMMON, *own]


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


@cache
def _kind(event_class: type[Event]) -> Kind | None:
    return kind_of(event_class)


@cache
def _topic(event_class: type[Event]) -> str:
    return topic_of(event_class).name
