"""Look departments in sight up by a function: the policies as they are made since, for all tables.

A database that is made now has had them so from the beginning. `ALTER POLICY` rewrites nothing.
"""

from alembic import op

from kehu_customer.ownership.rows import DEPARTMENTS_IN_SIGHT, MINE, visible_by
from kehu_kernel.migrations import ALL_ROWS

revision = "2026112294"
down_revision = "2026112292"

OF_CUSTOMERS = (
    "contacts", "affiliations", "trade_parties", "classifications", "custom_entries",
    "owner_changes", "follow_ups", "match_keys", "archives", "facts", "credit_accounts",
    "credit_investigations", "credit_limit_changes", "credit_limits", "credit_releases",
    "credit_reports", "credit_reservations", "financial_statements", "timeline_entries",
)  # fmt: skip


def upgrade() -> None:
    op.execute(DEPARTMENTS_IN_SIGHT)
    visible = {
        "customers": MINE.format(customer="customers"),
        "contact_points": visible_by(
            "contact_points", customers="customer_id", contacts="contact_id"
        ),
        "acquaintances": visible_by("acquaintances", contacts="contact_id"),
        "merges": visible_by("merges", customers="survivor_id"),
    } | {table: visible_by(table, customers="customer_id") for table in OF_CUSTOMERS}
    for table, seen in visible.items():
        op.execute(f"ALTER POLICY row_scope ON {table} USING ({ALL_ROWS} OR {seen})")
