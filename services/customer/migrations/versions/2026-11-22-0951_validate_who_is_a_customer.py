"""Validate the checks of roles and owners: reads the table, lets it be written meanwhile."""

from alembic import op

revision = "2026112296"
down_revision = "2026112295"


def upgrade() -> None:
    for name in ("roles", "anonymous"):
        op.execute(f"ALTER TABLE customers VALIDATE CONSTRAINT ck_customers_{name}")
