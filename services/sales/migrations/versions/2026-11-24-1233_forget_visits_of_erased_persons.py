"""Forget what visits and tasks say of erased persons (C12)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_sales.personal import PERSONAL

revision = "2026112433"
down_revision = "2026112432"


def upgrade() -> None:
    forget(op, [one for one in PERSONAL if one.table in ("visits", "tasks", "activities")])
