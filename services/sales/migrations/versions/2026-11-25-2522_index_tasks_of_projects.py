"""Find the tasks of projects by an index, without holding up writers."""

from alembic import op

revision = "2026112522"
down_revision = "2026112521"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_tasks_project")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_tasks_project ON tasks "
            "(tenant_id, project_id, stage_code) WHERE project_id IS NOT NULL"
        )
