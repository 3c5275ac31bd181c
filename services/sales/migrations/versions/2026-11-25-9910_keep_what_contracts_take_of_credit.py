"""Keep which part of a customer's exposure are contracts of ours (C9, S10).

A nullable column: what runs still neither reads nor writes it.
"""

from alembic import op

revision = "2026112601"
down_revision = "2026112595"


def upgrade() -> None:
    op.execute("ALTER TABLE credit_account_refs ADD COLUMN contracted numeric(18, 2)")
