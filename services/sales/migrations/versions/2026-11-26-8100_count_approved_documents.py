"""Say where an approved document counts, and what it is about (S1, S10)."""

from alembic import op

revision = "2026112681"
down_revision = "2026112680"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE approvals
            ADD COLUMN opportunity_id uuid,
            ADD COLUMN stage_code text,
            ADD COLUMN approved_at timestamptz,
            ADD COLUMN about_id uuid
        """
    )
