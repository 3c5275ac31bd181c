"""Check products and tasks that are on record, without holding up writers."""

from alembic import op

revision = "2026112521"
down_revision = "2026112523"


def upgrade() -> None:
    op.execute("ALTER TABLE products VALIDATE CONSTRAINT ck_products_months")
    for name in (
        "ck_tasks_stage", "ck_tasks_source", "ck_tasks_percent", "fk_tasks_tenant_id_project_id"
    ):  # fmt: skip
        op.execute(f"ALTER TABLE tasks VALIDATE CONSTRAINT {name}")
