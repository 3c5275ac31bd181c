"""Index what erasing and sealing look for, without holding up writers (C12)."""

from alembic import op

from kehu_kernel import audit_chain, erasure_schema

revision = "2026112451"
down_revision = "2026112450"

INDEXES = (
    *audit_chain.INDEXES,
    *erasure_schema.INDEXES,
    "ix_tasks_customer ON tasks (tenant_id, customer_id)",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for index in INDEXES:
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.split()[0]}")
            op.execute(f"CREATE INDEX CONCURRENTLY {index}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_audit_log_chain")
