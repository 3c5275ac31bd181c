"""Find quotes by version, last day and owner by indexes, without holding up writers."""

from alembic import op

revision = "2026112422"
down_revision = "2026112421"

INDEXES = {
    "ix_quotes_version": "UNIQUE INDEX CONCURRENTLY ix_quotes_version ON quotes "
    "(tenant_id, root_id, revision) WHERE root_id IS NOT NULL",
    "ix_quotes_expiring": "INDEX CONCURRENTLY ix_quotes_expiring ON quotes "
    "(tenant_id, expires_on) WHERE state IN ('approved', 'sent')",
    "ix_quotes_owner": "INDEX CONCURRENTLY ix_quotes_owner ON quotes (tenant_id, owner_id)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE {definition}")
