"""Find visits that were not held by an index, without holding up writers."""

from alembic import op

revision = "2026112802"
down_revision = "2026112801"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_visits_missed")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_visits_missed ON visits (tenant_id, ends_at) "
            "WHERE status IN ('planned', 'in_approval', 'approved', 'checked_in') "
            "AND missed_told_at IS NULL"
        )
