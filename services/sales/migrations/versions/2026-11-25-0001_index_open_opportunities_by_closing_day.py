"""Index what a salesperson works on by the day it should close, without holding up writers."""

from alembic import op

revision = "2026112501"
down_revision = "2026112500"

NAME = "ix_opportunities_owner_close"


def upgrade() -> None:
    """Add the index; one that was begun and not finished is there, but of no use."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {NAME} ON opportunities "
            "(tenant_id, owner_id, status, expected_close_on, id)"
        )


def downgrade() -> None:
    """Drop the index."""
    op.execute(f"DROP INDEX {NAME}")
