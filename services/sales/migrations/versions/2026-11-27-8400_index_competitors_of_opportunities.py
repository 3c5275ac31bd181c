"""Find the opportunities that name a competitor (S7)."""

from alembic import op

revision = "2026112784"
down_revision = "2026112783"

NAME = "ix_opportunities_competitor"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {NAME} ON opportunities "
            "(tenant_id, competitor_id, created_at, id) WHERE competitor_id IS NOT NULL"
        )
