"""Say who held a visit that was handed over before it was reported."""

from alembic import op

revision = "2026112960"
down_revision = "2026112925"


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN held_by_id uuid")
