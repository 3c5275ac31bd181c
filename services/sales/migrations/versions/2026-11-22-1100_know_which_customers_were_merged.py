"""Know which customers were merged into which: what names one is found with the survivor's (C5)."""

from alembic import op

revision = "2026112310"
down_revision = "2026112262"


def upgrade() -> None:
    op.execute("ALTER TABLE customer_refs ADD COLUMN merged_into_id uuid")
