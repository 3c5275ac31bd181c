"""Say how what is of a level is to be handled (4 §5.6)."""

from alembic import op

revision = "2026112821"
down_revision = "2026112810"


def upgrade() -> None:
    op.execute("ALTER TABLE opportunity_assessments ADD COLUMN handling_standard text")
