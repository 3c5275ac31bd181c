"""A service request may be a complaint (D5).

A column with a constant default: what runs still enters no complaints.
"""

from alembic import op

revision = "2026112551"
down_revision = "2026112527"


def upgrade() -> None:
    op.execute("ALTER TABLE requests ADD COLUMN kind text NOT NULL DEFAULT 'service'")
