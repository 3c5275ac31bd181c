"""Limit callers to the opportunities of their row scope, and to what hangs on these (C4).

Policies take effect at once and rewrite nothing. Callers without a row scope notice none of it.
"""

from alembic import op

from kehu_sales.directory.rows import (
    DEPARTMENTS_IN_SIGHT,
    EMPLOYEES_IN_SIGHT,
    ME,
    OF_MY_PEOPLE,
    limit_audit,
    limit_to_mine,
    limit_to_visible,
)

revision = "2026112401"
down_revision = "2026112400"

LIMITED = {
    "opportunity": "opportunities",
    "activity": "activities",
    "task": "tasks",
    "quote": "quotes",
}
FREE = ("product", "method")
NOBODYS = "({table}.opportunity_id IS NULL AND {table}.{column} IS NULL)"


def upgrade() -> None:
    op.execute(DEPARTMENTS_IN_SIGHT)
    op.execute(EMPLOYEES_IN_SIGHT)
    limit_to_mine(op, "opportunities", besides=f"opportunities.evaluator_id = {ME}")
    for table in ("opportunity_evaluations", "opportunity_stages"):
        limit_to_visible(op, table, opportunities="opportunity_id")
    for table, column in (("activities", "employee_id"), ("tasks", "assignee_id")):
        names = {"table": table, "column": column}
        besides = f"{OF_MY_PEOPLE.format(**names)} OR {NOBODYS.format(**names)}"
        limit_to_visible(op, table, opportunities="opportunity_id", besides=besides)
    own = OF_MY_PEOPLE.format(table="quotes", column="owner_id")
    limit_to_visible(op, "quotes", opportunities="opportunity_id", besides=own)
    limit_audit(op, LIMITED, FREE)
