"""Keep who closed what went to the reserve pool (S1)."""

from alembic import op

revision = "2026112783"
down_revision = "2026112782"


def upgrade() -> None:
    op.execute("ALTER TABLE opportunity_pool_moves ADD COLUMN closed_by text")
