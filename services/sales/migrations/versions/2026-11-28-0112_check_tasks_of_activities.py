"""Check the tasks of activities, without holding up writers."""

from alembic import op

revision = "2026112805"
down_revision = "2026112804"


def upgrade() -> None:
    op.execute("ALTER TABLE activities VALIDATE CONSTRAINT fk_activities_tenant_id_task_id")
