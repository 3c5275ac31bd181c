"""Let whoever decides on an amendment read the contract that it changes (S10, C4)."""

from alembic import op

from kehu_sales.directory.rows import ME, limit_to_mine

revision = "2026112685"
down_revision = "2026112684"

ASKED_ABOUT = " OR ".join(
    "EXISTS (SELECT FROM approvals a WHERE a.tenant_id = contracts.tenant_id "
    f"AND a.{column} = contracts.id AND a.waiting_employee_id = {ME})"
    for column in ("document_id", "about_id")
)
"""Whoever is asked to approve a contract, or an amendment of it, sees it.

The amendment is asked by its approval: its own rows are those of contracts that are seen.
"""


def upgrade() -> None:
    op.execute("DROP POLICY row_scope ON contracts")
    limit_to_mine(op, "contracts", besides=ASKED_ABOUT)
