"""Sealing the audit log: whoever changes, removes or adds an entry behind our back is found out.

A round takes the entries of transactions that have surely ended, in the order of their ids, and
writes a seal: the hashes of the entries, and a hash of them together with that of the seal before.
Commands pay nothing for it. The values of an entry go in by a salted digest, so that they can be
erased (`kehu_kernel.erasure`) while the digest, and with it the chain, stays.

The chain shows that the log is as it was sealed. Who may rewrite the whole database may write a
whole new chain: keep the newest hash somewhere else.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import PlumbingBase
from kehu_kernel.db import Database
from kehu_kernel.migrations import APP_ROLE, WORKER_ROLE, enable_tenant_security, let_worker
from kehu_kernel.plumbing import Operations
from kehu_kernel.session import Session

GENESIS = bytes(32)
"""What stands for the hash of the seal before the first one."""
ID, HASH = 16, 32
ENTRY = ID + HASH


class AuditSeal(PlumbingBase):
    """The entries of transactions `from_xid` (not included) to `to_xid`, as they were once.

    `entries` holds the id and the hash of each, in order.
    """

    __tablename__ = "audit_seals"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    from_xid: Mapped[int] = mapped_column(BigInteger)
    to_xid: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    first_entry: Mapped[UUID]
    last_entry: Mapped[UUID]
    entries: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditSealing(PlumbingBase):
    """One row: the entries of every transaction below `horizon` are sealed."""

    __tablename__ = "audit_sealing"

    only: Mapped[bool] = mapped_column(primary_key=True)
    horizon: Mapped[int] = mapped_column(BigInteger)


FUNCTIONS = (
    # A digest counts instead of the values only where they are blank and the person is erased:
    # the entry's object, or the entry itself, where it tells of somebody else.
    """
    CREATE OR REPLACE FUNCTION audit_hash(e audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT sha256(convert_to(jsonb_build_array(
            e.tenant_id, e.id, extract(epoch FROM e.at)::text, e.actor, e.request_id, e.entity,
            e.entity_id, e.version, e.action, e.xid)::text, 'UTF8')
        || CASE WHEN e.digest IS NOT NULL AND e.changes = audit_blank(e.changes) AND EXISTS (
                SELECT FROM erased_subjects s
                WHERE s.tenant_id = e.tenant_id AND s.subject_id IN (e.entity_id, e.id))
            THEN e.digest ELSE audit_digest(e.salt, e.changes) END)
    $$
    """,
    # Whatever an update of an entry says: it can only blank the values of an erased person.
    """
    CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.digest IS NULL AND EXISTS (
            SELECT FROM erased_subjects
            WHERE tenant_id = OLD.tenant_id AND subject_id IN (OLD.entity_id, OLD.id)
        ) THEN
            NEW := OLD;
            NEW.digest := audit_digest(OLD.salt, OLD.changes);
            NEW.changes := audit_blank(OLD.changes);
            NEW.salt := NULL;
            RETURN NEW;
        END IF;
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END $$
    """,
)
"""`CREATE OR REPLACE`: a migration that changes them runs them again."""
SCHEMA = (
    # Both have a default for new rows only: old ones are not rewritten, and are not in the chain.
    "ALTER TABLE audit_log ADD COLUMN xid bigint, ADD COLUMN salt bytea, ADD COLUMN digest bytea",
    "ALTER TABLE audit_log ALTER COLUMN xid SET DEFAULT (pg_current_xact_id()::text::bigint)",
    "ALTER TABLE audit_log ALTER COLUMN salt SET DEFAULT uuid_send(gen_random_uuid())",
    """
    CREATE TABLE audit_seals (
        tenant_id text NOT NULL, number integer NOT NULL,
        from_xid bigint NOT NULL, to_xid bigint NOT NULL, count integer NOT NULL,
        first_entry uuid NOT NULL, last_entry uuid NOT NULL,
        entries bytea NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL,
        sealed_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_audit_seals PRIMARY KEY (tenant_id, number)
    )
    """,
    """
    CREATE TABLE audit_sealing (
        "only" boolean NOT NULL CHECK ("only"), horizon bigint NOT NULL,
        CONSTRAINT pk_audit_sealing PRIMARY KEY ("only")
    )
    """,
    "INSERT INTO audit_sealing VALUES (true, 0)",
    """
    CREATE FUNCTION audit_blank(changes jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT coalesce(jsonb_object_agg(name, '{"before": null, "after": null}'::jsonb), '{}')
        FROM jsonb_object_keys(changes) AS name
    $$
    """,
    """
    CREATE FUNCTION audit_digest(salt bytea, changes jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT sha256(coalesce(salt, '') || convert_to(changes::text, 'UTF8')) $$
    """,
    *FUNCTIONS,
    """
    CREATE FUNCTION keep_audit_seals() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
    """,
    "CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW "
    "EXECUTE FUNCTION keep_audit_log()",
    "CREATE TRIGGER keep_all BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION keep_audit_seals()",
    "CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW "
    "EXECUTE FUNCTION keep_audit_seals()",
    "CREATE TRIGGER keep_all BEFORE TRUNCATE ON audit_seals EXECUTE FUNCTION keep_audit_seals()",
)
INDEX = "ix_audit_log_chain ON audit_log (xid, tenant_id, id)"
"""The first one, by which a quiet tenant's entries were looked for among those of all others."""
INDEXES = (
    "ix_audit_log_sealing ON audit_log (tenant_id, xid, id)",
    "ix_audit_log_xid ON audit_log USING brin (xid) WITH (autosummarize = on)",
)
"""By tenant, what is to be sealed or checked. Who has something new to seal: the log lies in the
order of its transactions, so that a summary of its pages is enough, and costs a write nothing."""


def create_audit_chain(op: Operations) -> None:
    """Make the audit log append-only, and room for its seals; after `create_erasure_tables`."""
    for statement in SCHEMA:
        op.execute(statement)
    enable_tenant_security(op, "audit_seals", rights="SELECT")
    let_worker(op, "audit_seals", rights="SELECT, INSERT")
    op.execute("ALTER TABLE audit_sealing ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_sealing FORCE ROW LEVEL SECURITY")
    let_worker(op, "audit_sealing", rights="SELECT, UPDATE")
    op.execute(f"GRANT UPDATE (changes) ON audit_log TO {WORKER_ROLE}")
    op.execute(f"REVOKE UPDATE, DELETE ON audit_log FROM {APP_ROLE}")


TAKE = """
    SELECT horizon, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS settled
    FROM audit_sealing FOR UPDATE SKIP LOCKED
"""
TENANTS = "SELECT DISTINCT tenant_id FROM audit_log WHERE xid >= $1 AND xid < $2 ORDER BY 1"
LAST = """
    SELECT number, to_xid, hash FROM audit_seals WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1
"""
CUT = """
    SELECT xid FROM audit_log WHERE tenant_id = $1 AND xid > $2 AND xid < $3
    ORDER BY xid, id OFFSET $4 LIMIT 1
"""
ENTRIES = """
    SELECT id, audit_hash(e) AS hash FROM audit_log e
    WHERE tenant_id = $1 AND xid > $2 AND xid <= $3 ORDER BY xid, id
"""
ONE_SEAL = "SELECT * FROM audit_seals WHERE tenant_id = $1 AND number = $2"
SEAL = """
    INSERT INTO audit_seals (tenant_id, number, from_xid, to_xid, count, first_entry, last_entry,
                             entries, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


class Sealing:
    """Seals the audit logs of all tenants; `entries` is about how many go into one seal.

    The entries of one transaction are never divided: a large one makes a large seal.
    """

    def __init__(self, worker: Database, *, entries: int) -> None:
        self._worker = worker
        self._entries = entries

    async def work(self) -> int:
        """Seal what has settled, all or nothing; return zero: the next round may wait."""
        async with self._worker.worker_transaction() as session:
            found = await session.fetch(TAKE)
            if found:
                horizon, settled = found[0]
                for (tenant_id,) in await session.fetch(TENANTS, horizon, settled):
                    await self._seal_tenant(session, tenant_id, settled)
                await session.fetch("UPDATE audit_sealing SET horizon = $1", settled)
        return 0

    async def _seal_tenant(self, session: Session, tenant_id: str, settled: int) -> None:
        last = await session.fetch(LAST, tenant_id)
        number, from_xid, previous = last[0] if last else (0, 0, GENESIS)
        while True:
            cut = await session.fetch(CUT, tenant_id, from_xid, settled, self._entries - 1)
            to_xid = cut[0]["xid"] if cut else settled - 1
            rows = await session.fetch(ENTRIES, tenant_id, from_xid, to_xid)
            if not rows:
                return
            number += 1
            entries = b"".join(row["id"].bytes + row["hash"] for row in rows)
            own = hash_of(tenant_id, number, previous, entries)
            await session.fetch(
                SEAL, tenant_id, number, from_xid, to_xid, len(rows), rows[0]["id"],
                rows[-1]["id"], entries, previous, own,
            )  # fmt: skip
            from_xid, previous = to_xid, own


def hash_of(tenant_id: str, number: int, previous: bytes, entries: bytes) -> bytes:
    """Return the hash of a seal: over the one before it, its place, and its entries."""
    return sha256(previous + f"{tenant_id}/{number}".encode() + entries).digest()


class Break(NamedTuple):
    """Where the log is not as it was sealed, and in which way."""

    seal: int
    entry_id: UUID | None
    what: str
    """`changed`, `missing` or `added` of an entry; `broken` or `missing` of a seal itself."""


class Checked(NamedTuple):
    """What a check of seals found: up to the first break, if there is one."""

    seals: int
    entries: int
    last: int
    found: Break | None


async def check(session: Session, first: int, limit: int) -> Checked:
    """Compare the log with the tenant's seals from number `first` on, one seal at a time."""
    tenant_id = session.context.tenant_id
    before = await _seal(session, first - 1)
    previous = GENESIS if before is None else before["hash"]
    seals = entries = 0
    for number in range(first, first + limit):
        seal = await _seal(session, number)
        if seal is None:
            later = await session.fetch(LAST, tenant_id)
            gone = bool(later) and later[0]["number"] > number
            return Checked(
                seals, entries, number - 1, Break(number, None, "missing") if gone else None
            )
        sealed = seal["entries"]
        if seal["previous"] != previous or seal["hash"] != hash_of(
            tenant_id, number, previous, sealed
        ):
            return Checked(seals, entries, number, Break(number, None, "broken"))
        rows = await session.fetch(ENTRIES, tenant_id, seal["from_xid"], seal["to_xid"])
        found = _first_difference(sealed, {row["id"]: row["hash"] for row in rows})
        if found is not None:
            return Checked(seals, entries, number, Break(number, *found))
        seals, entries, previous = seals + 1, entries + len(rows), seal["hash"]
    return Checked(seals, entries, first + limit - 1, None)


async def _seal(session: Session, number: int) -> Any:
    """Return one seal of the tenant as the driver gives it, or None."""
    found = await session.fetch(ONE_SEAL, session.context.tenant_id, number)
    return found[0] if found else None


def _first_difference(sealed: bytes, present: dict[UUID, bytes]) -> tuple[UUID, str] | None:
    """Return the first entry that is not as it was sealed; what was added comes last."""
    for start in range(0, len(sealed), ENTRY):
        entry_id = UUID(bytes=sealed[start : start + ID])
        found = present.pop(entry_id, None)
        if found != sealed[start + ID : start + ENTRY]:
            return entry_id, "missing" if found is None else "changed"
    return (next(iter(present)), "added") if present else None
