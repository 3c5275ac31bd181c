"""Say who planned a series of visits: what the worker plans for it is theirs, too."""

from alembic import op

revision = "2026112843"
down_revision = "2026112842"


def upgrade() -> None:
    op.execute("ALTER TABLE visit_series ADD COLUMN planned_by text")
