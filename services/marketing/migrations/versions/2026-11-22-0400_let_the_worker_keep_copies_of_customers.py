"""Let the worker keep the copies of customers: it folds whole batches, of all tenants."""

from alembic import op

from kehu_kernel.migrations import let_worker

revision = "2026112240"
down_revision = "2026112120"


def upgrade() -> None:
    let_worker(op, "customer_refs", rights="SELECT, INSERT, UPDATE")
