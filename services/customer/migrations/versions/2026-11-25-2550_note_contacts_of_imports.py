"""A row of an import may enter a contact: which one, so that undoing takes it back.

A nullable column: what runs still does not know it, and need not.
"""

from alembic import op

revision = "2026112550"
down_revision = "2026112452"


def upgrade() -> None:
    op.execute("ALTER TABLE import_rows ADD COLUMN contact_id uuid")
