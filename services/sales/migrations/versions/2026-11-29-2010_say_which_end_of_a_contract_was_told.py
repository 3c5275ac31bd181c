"""Say which end of a contract was told, and let the worker look whose tenants have one to tell."""

from alembic import op

from kehu_kernel.migrations import let_worker

revision = "2026112921"
down_revision = "2026112920"


def upgrade() -> None:
    op.execute("ALTER TABLE contracts ADD COLUMN end_told_for date")
    let_worker(op, "contracts", rights="SELECT")
