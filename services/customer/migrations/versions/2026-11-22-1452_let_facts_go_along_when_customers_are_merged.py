"""Let facts go along when their customer is merged (C5)."""

from alembic import op

revision = "2026112452"
down_revision = "2026112451"


def upgrade() -> None:
    # What a fact says stays as it was written; whose it is may change with a merge.
    op.execute("GRANT UPDATE (customer_id) ON facts TO kehu_app")
