"""Let quotes be cancelled."""

from alembic import op

revision = "2026112841"
down_revision = "2026112822"


def upgrade() -> None:
    # Looked at in a transaction of its own, the next migration: it holds up no writer.
    op.execute(
        "ALTER TABLE quotes DROP CONSTRAINT ck_quotes_state, "
        "ADD CONSTRAINT ck_quotes_state CHECK (state IN ('draft', 'in_approval', 'approved', "
        "'sent', 'accepted', 'rejected', 'expired', 'superseded', 'cancelled')) NOT VALID"
    )
