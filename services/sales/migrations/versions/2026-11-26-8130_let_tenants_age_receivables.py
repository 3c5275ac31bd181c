"""Let tenants say how old receivables are; who reads the history of what (S10, C4, C12)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import limit_audit

revision = "2026112686"
down_revision = "2026112685"

POLICY = """
    CREATE TABLE receivable_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        ages integer[] NOT NULL,
        CONSTRAINT pk_receivable_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_receivable_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_receivable_policies_ages CHECK (cardinality(ages) > 0 AND 0 < ALL (ages))
    )
"""
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
)  # fmt: skip
"""Kinds that everybody may see. Collisions are neither: their history tells of both sides."""


def upgrade() -> None:
    op.execute(POLICY)
    enable_tenant_security(op, "receivable_policies", rights="SELECT, INSERT, UPDATE")
    limit_audit(op, LIMITED, FREE)
