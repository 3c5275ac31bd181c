"""Say which series a visit belongs to, and for which of its days it stands (S5)."""

from alembic import op

revision = "2026112688"
down_revision = "2026112683"


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN series_id uuid, ADD COLUMN series_day date")
