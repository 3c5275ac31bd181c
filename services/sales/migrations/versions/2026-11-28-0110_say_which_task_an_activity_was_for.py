"""Say which task an activity was done for (1.3, item 5)."""

from alembic import op

revision = "2026112803"
down_revision = "2026112802"


def upgrade() -> None:
    op.execute("ALTER TABLE activities ADD COLUMN task_id uuid")
