"""Know the owners, parents, industries and countries of customers (S13)."""

from alembic import op

revision = "2026112539"
down_revision = "2026112534"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE customer_refs
            ADD COLUMN parent_id uuid,
            ADD COLUMN owner_id uuid,
            ADD COLUMN industry text,
            ADD COLUMN country text
        """
    )
