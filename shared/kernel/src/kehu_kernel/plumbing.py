"""The tables that events need in every service's database, and the DDL that makes them.

`create_plumbing(op)` belongs in a service's first migration. The application role is bound to its
tenant by row-level security; the worker role (relay, projectors, operators) sees every tenant.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import PlumbingBase

SHARDS = 16
"""Parts of an outbox that relays own one by one; an aggregate always lies in one shard."""


class OutboxMessage(PlumbingBase):
    """An event that was decided together with the change it tells of.

    `payload` holds the exact bytes that are published, every time. `sent_at` is empty until the
    broker has acknowledged the event.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("tenant_id", "event_id"),
        # In id order over all shards: with (shard, id) a relay that owns many shards would have to
        # sort the whole backlog for every batch.
        Index("ix_outbox_unsent", "id", "shard", postgresql_where=text("sent_at IS NULL")),
        Index("ix_outbox_sent_at", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
        Index(
            "ix_outbox_sent_key", "tenant_id", "key", postgresql_where=text("sent_at IS NOT NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[str]
    event_id: Mapped[UUID]
    topic: Mapped[str]
    key: Mapped[str]
    type: Mapped[str]
    sequence: Mapped[int] = mapped_column(Integer)
    occurred_at: Mapped[datetime]
    actor: Mapped[str]
    traceparent: Mapped[str | None]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    shard: Mapped[int] = mapped_column(
        SmallInteger, Computed("(hashtext(key) & 15)::smallint", persisted=True)
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    sent_at: Mapped[datetime | None]


class InboxMessage(PlumbingBase):
    """An event whose side effect is part of this database, written in the same transaction."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_handled_at", "handled_at"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ProjectionOffset(PlumbingBase):
    """How far a projection has folded one partition; moved by compare-and-set with the fold.

    It has no tenant: a partition carries the events of all tenants, and a batch is folded in one
    transaction. Only the worker role may touch it.
    """

    __tablename__ = "projection_offsets"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    next_offset: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ParkedEvent(PlumbingBase):
    """An event that waits for an operator: the poison one, or a later one of its aggregate.

    While a row of an aggregate has the status `poison` or `held`, its newer events are appended
    here in order and not handled. `discarded` rows are kept as a record of the decision.
    `headers` are pairs of percent-encoded text, so that any bytes survive.
    """

    __tablename__ = "parked_events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "consumer", "topic", "partition", "offset"),
        Index(
            "ix_parked_events_waiting",
            "consumer",
            "topic",
            "tenant_id",
            "key",
            "id",
            postgresql_where=text("status <> 'discarded'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant_id: Mapped[str]
    consumer: Mapped[str]
    topic: Mapped[str]
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str]
    event_id: Mapped[UUID | None]
    type: Mapped[str | None]
    headers: Mapped[list[Any]] = mapped_column(JSONB)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str]
    reason: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer)
    parked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Operations(Protocol):
    """What `create_plumbing` needs of Alembic's `op`."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""


TABLES = (
    """
    CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_outbox PRIMARY KEY,
        tenant_id text NOT NULL,
        event_id uuid NOT NULL,
        topic text NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        sequence integer NOT NULL,
        occurred_at timestamptz NOT NULL,
        actor text NOT NULL,
        traceparent text,
        payload bytea NOT NULL,
        shard smallint NOT NULL GENERATED ALWAYS AS ((hashtext(key) & 15)::smallint) STORED,
        created_at timestamptz NOT NULL DEFAULT now(),
        sent_at timestamptz,
        CONSTRAINT uq_outbox_tenant_id_event_id UNIQUE (tenant_id, event_id)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
    """,
    "CREATE INDEX ix_outbox_unsent ON outbox (id, shard) WHERE sent_at IS NULL",
    "CREATE INDEX ix_outbox_sent_at ON outbox (sent_at) WHERE sent_at IS NOT NULL",
    """
    CREATE TABLE inbox (
        tenant_id text NOT NULL,
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_inbox PRIMARY KEY (tenant_id, consumer, event_id)
    )
    """,
    "CREATE INDEX ix_inbox_handled_at ON inbox (handled_at)",
    """
    CREATE TABLE projection_offsets (
        consumer text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        next_offset bigint NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_projection_offsets PRIMARY KEY (consumer, topic, partition)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE parked_events (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_parked_events PRIMARY KEY,
        tenant_id text NOT NULL,
        consumer text NOT NULL,
        topic text NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        key text NOT NULL,
        event_id uuid,
        type text,
        headers jsonb NOT NULL,
        value bytea,
        status text NOT NULL,
        reason text NOT NULL,
        attempts integer NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT uq_parked_events_tenant_id_consumer_topic_partition_offset
            UNIQUE (tenant_id, consumer, topic, partition, "offset"),
        CONSTRAINT ck_parked_events_status CHECK (status IN ('poison', 'held', 'discarded'))
    )
    """,
    """
    CREATE INDEX ix_parked_events_waiting ON parked_events (consumer, topic, tenant_id, key, id)
        WHERE status <> 'discarded'
    """,
)

APP_RIGHTS = {
    "outbox": "SELECT, INSERT",
    "inbox": "SELECT, INSERT",
    "parked_events": "SELECT, INSERT, UPDATE, DELETE",
}


def create_plumbing(op: Operations) -> None:
    """Create the event tables with their grants and row-level security."""
    for statement in TABLES:
        op.execute(statement)
    for table in (*APP_RIGHTS, "projection_offsets"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker ON {table} TO kehu_worker USING (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO kehu_worker")
    for table, rights in APP_RIGHTS.items():
        op.execute(
            f"CREATE POLICY tenant ON {table} TO kehu_app "
            "USING (tenant_id = (SELECT current_setting('kehu.tenant', true)))"
        )
        op.execute(f"GRANT {rights} ON {table} TO kehu_app")
