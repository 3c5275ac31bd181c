"""Plan the tasks of projects: who sees the project sees them (S11)."""

from alembic import op

from kehu_sales.directory.rows import OF_MY_PEOPLE, OF_VISIBLE, limit_to_visible

revision = "2026112524"
down_revision = "2026112520"

TASKS = """
    ALTER TABLE tasks
        ADD COLUMN project_id uuid,
        ADD COLUMN mandatory boolean NOT NULL DEFAULT false,
        ADD COLUMN percent integer NOT NULL DEFAULT 0,
        DROP CONSTRAINT ck_tasks_stage,
        ADD CONSTRAINT ck_tasks_stage CHECK (
            stage_code IS NULL OR opportunity_id IS NOT NULL OR project_id IS NOT NULL
        ) NOT VALID,
        ADD CONSTRAINT ck_tasks_source
            CHECK (num_nonnulls(opportunity_id, project_id) <= 1) NOT VALID,
        ADD CONSTRAINT ck_tasks_percent CHECK (percent BETWEEN 0 AND 100) NOT VALID
"""
TASK_SEEN = (
    f"{OF_MY_PEOPLE.format(table='tasks', column='assignee_id')}"
    f" OR {OF_VISIBLE.format(table='tasks', parent='projects', column='project_id')}"
    " OR (tasks.opportunity_id IS NULL AND tasks.project_id IS NULL AND tasks.assignee_id IS NULL)"
)
"""As before, and whoever sees the project sees its tasks."""


def upgrade() -> None:
    op.execute(TASKS)
    op.execute("DROP POLICY row_scope ON tasks")
    limit_to_visible(op, "tasks", opportunities="opportunity_id", besides=TASK_SEEN)
