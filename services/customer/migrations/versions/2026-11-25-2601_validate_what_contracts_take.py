"""Validate the check of what contracts take: reads the table, lets it be written meanwhile."""

from alembic import op

revision = "2026112601"
down_revision = "2026112600"


def upgrade() -> None:
    op.execute("ALTER TABLE credit_accounts VALIDATE CONSTRAINT ck_credit_accounts_contracted")
