"""Say which contract a quote became (S10)."""

from alembic import op

revision = "2026112509"
down_revision = "2026112501"


def upgrade() -> None:
    op.execute("ALTER TABLE quotes ADD COLUMN contract_id uuid")
