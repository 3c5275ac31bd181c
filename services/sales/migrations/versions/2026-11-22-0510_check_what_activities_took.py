"""Check what activities took, without holding up writers."""

from alembic import op

revision = "2026112251"
down_revision = "2026112250"


def upgrade() -> None:
    for name in ("place", "minutes", "cost"):
        op.execute(f"ALTER TABLE activities VALIDATE CONSTRAINT ck_activities_{name}")
