"""Say who reads histories: of traits who sees the customer, of new policies everybody (C4)."""

from alembic import op

from kehu_sales.directory.rows import limit_audit

revision = "2026112925"
down_revision = "2026112924"

LIMITED = {
    "activity": "activities",
    "approval": "approvals",
    "calendar-feed": "calendar_feeds",
    "comparison-sheet": "comparison_sheets",
    "contract": "contracts",
    "contract-amendment": "contract_amendments",
    "forecast-call": "forecast_calls",
    "opportunity": "opportunities",
    "opportunity-competitor": "opportunity_competitors",
    "price-list": "price_lists",
    "project": "projects",
    "project-delivery": "project_deliveries",
    "quotation-traits": "quotation_traits",
    "quote": "quotes",
    "receipt": "receipts",
    "sample": "samples",
    "target": "targets",
    "task": "tasks",
    "visit": "visits",
}
"""Kinds of records whose history is read by those who see the record, by their tables.

Of a collision one may see one side only, but its history names both: it stands in neither list, so
only who sees all rows reads it.
"""
FREE = (
    "product", "method", "confirmation-template", "visit-policy", "quote-policy",
    "approval-chain", "forecast-rules", "grading-scheme", "competitor", "close-reason",
    "collision-policy", "assignment-rule", "assignee", "credit-check-policy", "receivable-policy",
    "idle-policy", "contract-policy",
)  # fmt: skip
"""Kinds that everybody may see. Collisions are neither: their history tells of both sides."""


def upgrade() -> None:
    limit_audit(op, LIMITED, FREE)
