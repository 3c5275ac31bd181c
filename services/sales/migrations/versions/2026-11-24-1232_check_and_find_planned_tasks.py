"""Check tasks, and find them in the calendar by indexes, without holding up writers."""

from alembic import op

revision = "2026112432"
down_revision = "2026112431"

CHECKS = ("status", "assignee", "times", "remind", "cancelled", "series")
INDEXES = {
    "ix_tasks_calendar": "INDEX CONCURRENTLY ix_tasks_calendar "
    "ON tasks (tenant_id, assignee_id, starts_at) WHERE starts_at IS NOT NULL",
    "ix_tasks_remind": "INDEX CONCURRENTLY ix_tasks_remind ON tasks (tenant_id, remind_at) "
    "WHERE remind_at IS NOT NULL AND reminded_at IS NULL",
    "ix_tasks_due_untold": "INDEX CONCURRENTLY ix_tasks_due_untold ON tasks (tenant_id, due_on) "
    "WHERE status IN ('open', 'in_progress') AND due_told_at IS NULL",
    "ix_tasks_series": "UNIQUE INDEX CONCURRENTLY ix_tasks_series "
    "ON tasks (tenant_id, series_id, series_day) WHERE series_id IS NOT NULL",
}


def upgrade() -> None:
    for name in CHECKS:
        op.execute(f"ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_{name}")
    with op.get_context().autocommit_block():
        for name, index in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE {index}")
