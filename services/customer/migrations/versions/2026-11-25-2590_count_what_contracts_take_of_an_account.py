"""Count what contracts of sales take of an account, as a part of its exposure (C9).

A column with a constant default: what runs still leaves it at nothing.
"""

from alembic import op

revision = "2026112590"
down_revision = "2026112553"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE credit_accounts ADD COLUMN contracted numeric(18, 2) NOT NULL DEFAULT 0"
    )
    op.execute(
        "ALTER TABLE credit_accounts ADD CONSTRAINT ck_credit_accounts_contracted "
        "CHECK (contracted >= 0 AND contracted <= exposure) NOT VALID"
    )
