"""Say where an approved document counts, what it is about, and when a new life began (S1, S10)."""

from alembic import op

revision = "2026112681"
down_revision = "2026112601"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE approvals
            ADD COLUMN opportunity_id uuid,
            ADD COLUMN stage_code text,
            ADD COLUMN approved_at timestamptz,
            ADD COLUMN about_id uuid,
            ADD CONSTRAINT fk_approvals_tenant_id_opportunity_id
                FOREIGN KEY (tenant_id, opportunity_id)
                REFERENCES opportunities (tenant_id, id) NOT VALID
        """
    )
    op.execute("ALTER TABLE opportunity_pool_moves ADD COLUMN moved_at timestamptz")
