"""Keep whose document an approval is about: its owner does not approve it either."""

from alembic import op

revision = "2026112500"
down_revision = "2026112499"


def upgrade() -> None:
    """Add the column; approvals of before go on by who submitted them."""
    op.execute("ALTER TABLE approvals ADD COLUMN document_owner_id uuid")


def downgrade() -> None:
    """Forget whose it was."""
    op.execute("ALTER TABLE approvals DROP COLUMN document_owner_id")
