"""Say who planned a visit and who submitted its plan: neither of them consents to it (S5)."""

from alembic import op

revision = "2026112721"
down_revision = "2026112705"


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN planned_by text, ADD COLUMN submitted_by text")
