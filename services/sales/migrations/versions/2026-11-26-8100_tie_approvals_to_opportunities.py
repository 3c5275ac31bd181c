"""Tie approvals to the opportunities they are for: only who writes waits, and not for long."""

from alembic import op

revision = "2026112687"
down_revision = "2026112681"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE approvals ADD CONSTRAINT fk_approvals_tenant_id_opportunity_id "
        "FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id) NOT VALID"
    )
