"""Keep hand-overs with the columns that every service keeps them with."""

from alembic import op

revision = "2026112312"
down_revision = "2026112311"


def upgrade() -> None:
    op.execute("ALTER TABLE hand_over_refs ADD COLUMN successor_department_id uuid")
    op.execute("ALTER TABLE hand_over_refs ADD COLUMN shares jsonb NOT NULL DEFAULT '[]'")
