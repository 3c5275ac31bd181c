"""Say who closed an opportunity (S1)."""

from alembic import op

revision = "2026112782"
down_revision = "2026112781"


def upgrade() -> None:
    op.execute("ALTER TABLE opportunities ADD COLUMN closed_by text")
