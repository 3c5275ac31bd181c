"""Find the activities of a task by an index, without holding up writers."""

from alembic import op

revision = "2026112806"
down_revision = "2026112805"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_activities_task")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_activities_task ON activities (tenant_id, task_id) "
            "WHERE task_id IS NOT NULL"
        )
