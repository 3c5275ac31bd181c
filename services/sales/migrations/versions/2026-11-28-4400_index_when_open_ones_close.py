"""Find what is in progress by the day it should close, without holding up writers."""

from alembic import op

revision = "2026112844"
down_revision = "2026112843"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunities_to_close")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_opportunities_to_close "
            "ON opportunities (tenant_id, expected_close_on) WHERE status = 'in_progress'"
        )
