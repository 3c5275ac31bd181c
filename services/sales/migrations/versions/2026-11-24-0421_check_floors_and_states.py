"""Check floors of products and states of quotes that are on record, without holding up writers."""

from alembic import op

revision = "2026112421"
down_revision = "2026112420"


def upgrade() -> None:
    op.execute("ALTER TABLE products VALIDATE CONSTRAINT ck_products_floor")
    op.execute("ALTER TABLE quotes VALIDATE CONSTRAINT ck_quotes_state")
