"""Know which customers were merged into which: they count together (C5)."""

from alembic import op

revision = "2026112310"
down_revision = "2026112120"


def upgrade() -> None:
    op.execute("ALTER TABLE customer_facts ADD COLUMN merged_into_id uuid")
