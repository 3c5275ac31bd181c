"""Limit callers to what they may see of archives, credit and timelines, too (C4)."""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible

revision = "2026112290"
down_revision = "2026112282"

TABLES = (
    "archives", "facts", "credit_accounts", "credit_investigations", "credit_limit_changes",
    "credit_limits", "credit_releases", "credit_reports", "credit_reservations",
    "financial_statements", "timeline_entries",
)  # fmt: skip


def upgrade() -> None:
    for table in TABLES:
        limit_to_visible(op, table, customers="customer_id")
