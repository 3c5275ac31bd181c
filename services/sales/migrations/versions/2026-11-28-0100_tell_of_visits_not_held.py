"""Say when it was told that a visit was not held, or not finished (4 §2)."""

from alembic import op

revision = "2026112801"
down_revision = "2026112784"


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN missed_told_at timestamptz")
