"""Keep whose document an approval is about: its owner does not approve it either."""

from alembic import op

revision = "2026112500"
down_revision = "2026112499"


def upgrade() -> None:
    op.execute("ALTER TABLE approvals ADD COLUMN document_owner_id uuid")
