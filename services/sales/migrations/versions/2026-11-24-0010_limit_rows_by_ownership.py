"""Limit callers to the opportunities of their row scope, and to what hangs on these (C4).

Policies take effect at once and rewrite nothing. Callers without a row scope notice none of it.
"""

from alembic import op

from kehu_kernel.migrations import limit_rows
from kehu_sales.directory.rows import (
    DEPARTMENTS_IN_SIGHT,
    EMPLOYEES_IN_SIGHT,
    ME,
    OF_MY_PEOPLE,
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
AUDITED = f"entity IN {FREE}" + "".join(
    f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
    "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
    for entity, table in LIMITED.items()
)
"""Who does not see an object does not read its history either. A kind of object that is not named
here has no history for callers with a row scope."""

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
    limit_rows(op, "audit_log", AUDITED, command="SELECT")
