"""Validate the check of roles: reads the table, and lets it be written meanwhile."""

from alembic import op

revision = "2026112296"
down_revision = "2026112295"


def upgrade() -> None:
    op.execute("ALTER TABLE customers VALIDATE CONSTRAINT ck_customers_roles")
