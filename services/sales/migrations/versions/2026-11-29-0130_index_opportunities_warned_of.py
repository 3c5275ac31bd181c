"""Find opportunities by the day they were warned of, without holding up writers."""

from alembic import op

revision = "2026112913"
down_revision = "2026112912"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunities_warned")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_opportunities_warned "
            "ON opportunities (tenant_id, idle_return_on, id) "
            "WHERE status = 'in_progress' AND idle_return_on IS NOT NULL"
        )
