"""Find the visits that are not reported by an index, without holding up writers."""

from alembic import op

revision = "2026112810"
down_revision = "2026112809"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_visits_unreported")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_visits_unreported ON visits (tenant_id, id) "
            "WHERE status IN ('planned', 'in_approval', 'approved', 'checked_in', 'done')"
        )
