"""Index stays in stages, and what opportunities are filtered by, without holding up writers."""

from alembic import op

revision = "2026112412"
down_revision = "2026112411"

INDEXES = {
    "ix_opportunities_stage": "opportunities (tenant_id, stage_code, created_at, id)",
    "ix_opportunities_department": "opportunities (tenant_id, department_id, created_at, id)",
    "ix_opportunities_reporter": "opportunities (tenant_id, reported_by_id, created_at, id) "
    "WHERE reported_by_id IS NOT NULL",
    "ix_opportunities_lead": "opportunities (tenant_id, lead_id) WHERE lead_id IS NOT NULL",
    "ix_opportunities_stage_due": "opportunities (tenant_id, stage_due_on, id) "
    "WHERE status = 'in_progress'",
    "ix_opportunities_overdue": "opportunities (stage_due_on) "
    "WHERE status = 'in_progress' AND NOT stage_overdue_told",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunity_stages_opportunity")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY ix_opportunity_stages_opportunity "
            "ON opportunity_stages (tenant_id, opportunity_id, opportunity_version)"
        )
