"""Check the states of quotes that are on record, without holding up writers."""

from alembic import op

revision = "2026112842"
down_revision = "2026112841"


def upgrade() -> None:
    op.execute("ALTER TABLE quotes VALIDATE CONSTRAINT ck_quotes_state")
