"""Say at which moment an opportunity went into the pool, or began a new life (S1)."""

from alembic import op

revision = "2026112680"
down_revision = "2026112601"


def upgrade() -> None:
    op.execute("ALTER TABLE opportunity_pool_moves ADD COLUMN moved_at timestamptz")
