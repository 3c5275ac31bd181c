"""Say since when checks of collisions wait, so that each has its turn (S13)."""

from alembic import op

revision = "2026112701"
down_revision = "2026112699"


def upgrade() -> None:
    # What is on record gets the time of now; so does what an old process, or the trigger, enters.
    op.execute(
        "ALTER TABLE collision_checks ADD COLUMN waiting_since timestamptz NOT NULL DEFAULT now()"
    )
