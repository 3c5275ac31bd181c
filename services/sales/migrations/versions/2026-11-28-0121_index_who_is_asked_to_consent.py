"""Find what waits for a superior by an index, without holding up writers."""

from alembic import op

revision = "2026112808"
down_revision = "2026112807"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_visits_approver")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_visits_approver "
            "ON visits (tenant_id, approver_id, starts_at) WHERE approver_id IS NOT NULL"
        )
