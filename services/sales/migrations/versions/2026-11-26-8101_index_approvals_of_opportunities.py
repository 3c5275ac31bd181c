"""Check and index the approvals of opportunities, without holding up writers."""

from alembic import op

revision = "2026112682"
down_revision = "2026112687"

INDEXES = {
    "ix_approvals_opportunity": "approvals (tenant_id, opportunity_id, stage_code) "
    "WHERE stage_code IS NOT NULL AND state = 'approved'",
    "ix_approvals_about": "approvals (tenant_id, about_id) WHERE about_id IS NOT NULL",
}


def upgrade() -> None:
    op.execute("ALTER TABLE approvals VALIDATE CONSTRAINT fk_approvals_tenant_id_opportunity_id")
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
