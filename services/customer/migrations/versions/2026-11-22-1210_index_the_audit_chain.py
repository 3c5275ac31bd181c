"""Find what is to be sealed by an index, without holding up writers (C12)."""

from alembic import op

from kehu_kernel.audit_chain import INDEX

revision = "2026112321"
down_revision = "2026112320"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_audit_log_chain")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX}")
