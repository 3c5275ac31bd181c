"""Limit callers to the visits, quotes, price lists and approvals of their row scope (C4)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import limit_rows
from kehu_sales.directory.rows import (
    ME,
    MINE,
    MY_PEOPLE,
    OF_MY_PEOPLE,
    OF_VISIBLE,
    limit_audit,
    limit_to_mine,
    limit_to_visible,
)
from kehu_sales.personal import PERSONAL

revision = "2026112499"
down_revision = "2026112451"

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
}
FREE = (
    "product", "method", "confirmation-template", "visit-policy", "quote-policy", "approval-chain",
    "forecast-rules",
)  # fmt: skip
TABLES = {
    "customer_refs", "opportunities", "activities", "tasks", "visits", "quotes",
    "customer_group_refs", "price_lists", "approvals", "approval_decisions",
    "opportunity_evaluations", "opportunity_stages", "opportunity_pool_moves", "forecast_calls",
}  # fmt: skip
"""Those there were; a migration that makes another one calls `forget` for it."""
VISITED = f"visits.observer_ids @> ARRAY[{ME}] OR " + OF_VISIBLE.format(
    table="visits", parent="opportunities", column="opportunity_id"
)
"""Who joins a visit sees it, and who sees the opportunity it is about."""
QUOTED = (
    f"{OF_VISIBLE.format(table='quotes', parent='opportunities', column='opportunity_id')}"
    f" OR quotes.owner_id = ANY ({MY_PEOPLE})"
    f" OR (quotes.opportunity_id IS NULL AND {MINE.format(table='quotes')})"
)

ASKED_ABOUT = (
    "EXISTS (SELECT FROM approvals a WHERE a.tenant_id = {table}.tenant_id "
    f"AND a.document_id = {{table}}.id AND a.waiting_employee_id = {ME})"
)
"""Whoever is asked to approve a document sees it."""


def upgrade() -> None:
    # An erasure finds by them what names a person; both tables are new.
    op.execute("CREATE INDEX ix_approvals_customer ON approvals (tenant_id, customer_id)")
    limit_to_visible(op, "opportunity_pool_moves", opportunities="opportunity_id")
    limit_to_mine(op, "visits", besides=VISITED)
    limit_rows(
        op, "calendar_feeds", OF_MY_PEOPLE.format(table="calendar_feeds", column="employee_id")
    )
    op.execute("DROP POLICY row_scope ON quotes")
    limit_rows(op, "quotes", f"{QUOTED} OR {ASKED_ABOUT.format(table='quotes')}")
    # What everybody may be quoted everybody sees; prices agreed with a customer only its people.
    everybodys = f"price_lists.audience <> 'customer' OR {ASKED_ABOUT.format(table='price_lists')}"
    limit_to_mine(op, "price_lists", besides=everybodys)
    limit_to_visible(op, "price_lines", price_lists="price_list_id")
    limit_to_mine(op, "approvals", besides=f"approvals.waiting_employee_id = {ME}")
    limit_to_visible(op, "approval_decisions", approvals="approval_id")
    limit_audit(op, LIMITED, FREE)
    forget(op, [one for one in PERSONAL if one.table in TABLES])
