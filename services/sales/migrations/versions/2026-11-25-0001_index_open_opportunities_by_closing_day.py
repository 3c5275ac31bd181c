"""Index what a salesperson works on by the day it should close, without holding up writers."""

from alembic import op

revision = "2026112501"
down_revision = "2026112500"

NAME = "ix_opportunities_owner_close"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {NAME} ON opportunities "
            "(tenant_id, owner_id, status, expected_close_on, id)"
        )
