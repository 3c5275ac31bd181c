"""Index exactly what rounds look for, and not what is over, without holding up writers.

What was done before anybody was reminded of it stayed in two indexes for ever, and quotes that a
contract was made from in a third; a fourth was not in the order of tenants.
"""

from alembic import op

revision = "2026112705"
down_revision = "2026112704"

INDEXES = {
    "ix_opportunities_stage_untold": "opportunities (tenant_id, stage_due_on) "
    "WHERE status = 'in_progress' AND NOT stage_overdue_told",
    "ix_opportunities_won": "opportunities (tenant_id, closed_on) WHERE status = 'won'",
    "ix_projects_open": "projects (tenant_id, id) "
    "WHERE state IN ('draft', 'in_approval', 'approved', 'executing')",
    "ix_quotes_to_expire": "quotes (tenant_id, expires_on) "
    "WHERE state IN ('approved', 'sent') AND contract_id IS NULL",
    "ix_tasks_to_remind": "tasks (tenant_id, remind_at) WHERE remind_at IS NOT NULL "
    "AND reminded_at IS NULL AND status IN ('open', 'in_progress')",
    "ix_visits_to_remind": "visits (tenant_id, remind_at) WHERE remind_at IS NOT NULL "
    "AND reminded_at IS NULL AND status IN ('planned', 'in_approval', 'approved')",
}
REPLACED = (
    "ix_opportunities_overdue", "ix_quotes_expiring", "ix_tasks_remind", "ix_visits_remind"
)  # fmt: skip


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
        for name in REPLACED:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
