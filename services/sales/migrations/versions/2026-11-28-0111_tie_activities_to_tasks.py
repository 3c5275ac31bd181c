"""Tie activities to tasks: a reference, which writers of both wait for, and no reader."""

from alembic import op

revision = "2026112804"
down_revision = "2026112803"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE activities ADD CONSTRAINT fk_activities_tenant_id_task_id
            FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) NOT VALID
        """
    )
