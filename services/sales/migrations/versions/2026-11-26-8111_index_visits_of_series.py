"""Check the visits of series: one for each day. Without holding up writers."""

from alembic import op

revision = "2026112684"
down_revision = "2026112689"


def upgrade() -> None:
    op.execute("ALTER TABLE visits VALIDATE CONSTRAINT fk_visits_tenant_id_series_id")
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_visits_series")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY ix_visits_series "
            "ON visits (tenant_id, series_id, series_day) WHERE series_id IS NOT NULL"
        )
