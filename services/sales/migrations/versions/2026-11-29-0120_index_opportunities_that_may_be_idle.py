"""Find opportunities that nobody may have turned to, without holding up writers."""

from alembic import op

revision = "2026112912"
down_revision = "2026112911"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunities_quiet")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_opportunities_quiet "
            "ON opportunities (tenant_id, moved_on, id) "
            "WHERE status = 'in_progress' AND idle_warned_on IS NULL"
        )
