"""Find the series that still plan visits by an index, without holding up writers."""

from alembic import op

revision = "2026112809"
down_revision = "2026112808"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_visit_series_running")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_visit_series_running "
            "ON visit_series (tenant_id, id) WHERE plan_on IS NOT NULL"
        )
