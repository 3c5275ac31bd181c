"""Keep hand-overs with the columns that every service keeps them with."""

from alembic import op

revision = "2026112312"
down_revision = "2026112311"


def upgrade() -> None:
    op.execute("ALTER TABLE hand_over_refs ALTER COLUMN shares SET DEFAULT '[]'")
    op.execute("ALTER TABLE hand_over_refs ALTER COLUMN successor_department_id DROP NOT NULL")
