"""Say by a code why opportunities were closed (S9)."""

from alembic import op

revision = "2026112534"
down_revision = "2026112533"


def upgrade() -> None:
    op.execute("ALTER TABLE opportunities ADD COLUMN close_reason_code text")
