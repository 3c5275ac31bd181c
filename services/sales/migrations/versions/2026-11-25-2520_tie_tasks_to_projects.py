"""Tie tasks to projects: a reference, which writers of both wait for, and no reader (S11)."""

from alembic import op

revision = "2026112523"
down_revision = "2026112524"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE tasks ADD CONSTRAINT fk_tasks_tenant_id_project_id
            FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) NOT VALID
        """
    )
