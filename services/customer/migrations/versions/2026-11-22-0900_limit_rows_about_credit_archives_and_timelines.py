"""Limit callers to what they may see of archives, credit and timelines, too (C4)."""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import limit_rows

revision = "2026112290"
down_revision = "2026112282"

TABLES = (
    "archives", "facts", "credit_accounts", "credit_investigations", "credit_limit_changes",
    "credit_limits", "credit_releases", "credit_reports", "credit_reservations",
    "financial_statements", "timeline_entries",
)  # fmt: skip
LIMITED = {
    "customer": "customers",
    "contact": "contacts",
    "contact-point": "contact_points",
    "affiliation": "affiliations",
    "trade-party": "trade_parties",
    "classification": "classifications",
    "household": "households",
    "acquaintance": "acquaintances",
    "archive": "archives",
    "fact": "facts",
    "credit-account": "credit_accounts",
    "credit-investigation": "credit_investigations",
    "credit-limit": "credit_limits",
    "credit-report": "credit_reports",
    "credit-reservation": "credit_reservations",
    "financial-statement": "financial_statements",
}
FREE = (
    "department", "employee", "territory", "preferences", "classification-scheme", "custom-field",
    "hand-over", "pool-rules", "credit-policy", "fact-definition", "fact-source", "profile",
)  # fmt: skip
AUDITED = f"entity IN {FREE}" + "".join(
    f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
    "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
    for entity, table in LIMITED.items()
)
"""Who does not see an object does not read its history either. A kind of object that is not named
here has no history for callers with a row scope."""


def upgrade() -> None:
    for table in TABLES:
        limit_to_visible(op, table, customers="customer_id")
    op.execute("DROP POLICY row_scope ON audit_log")
    limit_rows(op, "audit_log", AUDITED, command="SELECT")
