"""Limit the audit log to what callers see, samples too (C4). Complete lists."""

from alembic import op

from kehu_sales.directory.rows import limit_audit

revision = "2026112539"
down_revision = "2026112533"

LIMITED = {
    "opportunity": "opportunities",
    "activity": "activities",
    "task": "tasks",
    "visit": "visits",
    "calendar-feed": "calendar_feeds",
    "quote": "quotes",
    "price-list": "price_lists",
    "approval": "approvals",
    "target": "targets",
    "forecast-call": "forecast_calls",
    "sample": "samples",
    "opportunity-competitor": "opportunity_competitors",
    "comparison-sheet": "comparison_sheets",
}
FREE = (
    "product", "method", "confirmation-template", "visit-policy", "quote-policy", "approval-chain",
    "forecast-rules", "grading-scheme", "competitor", "close-reason",
)  # fmt: skip


def upgrade() -> None:
    limit_audit(op, LIMITED, FREE)
