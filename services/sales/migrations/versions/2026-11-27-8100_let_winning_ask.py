"""Let a method say whether winning asks for the conditions of the stage that is left (S3)."""

from alembic import op

revision = "2026112781"
down_revision = "2026112764"


def upgrade() -> None:
    op.execute("ALTER TABLE methods ADD COLUMN winning_asks boolean NOT NULL DEFAULT false")
