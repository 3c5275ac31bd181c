"""Say where an activity took place, how long it took and what it cost."""

from alembic import op

revision = "2026112250"
down_revision = "2026112240"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE activities ADD COLUMN place text, ADD COLUMN minutes integer, "
        "ADD COLUMN cost numeric(18, 2), ADD COLUMN currency text"
    )
    for name, condition in (
        ("place", "place <> ''"),
        ("minutes", "minutes > 0"),
        ("cost", "cost >= 0 AND currency IS NOT NULL OR cost IS NULL AND currency IS NULL"),
    ):
        # Looked at in a transaction of its own, the next migration: it holds up no writer.
        op.execute(
            f"ALTER TABLE activities ADD CONSTRAINT ck_activities_{name} "
            f"CHECK ({condition}) NOT VALID"
        )
