"""Limit callers to the customers of their row scope, and to what hangs on these (C4).

Policies take effect at once and rewrite nothing. Callers without a row scope notice none of it.
"""

from alembic import op

from kehu_customer.ownership.rows import DEPARTMENTS_IN_SIGHT, MINE, limit_to_visible
from kehu_kernel.migrations import limit_rows

revision = "2026112280"
down_revision = "2026112270"

OF_CUSTOMERS = ("contacts", "affiliations", "trade_parties", "classifications", "custom_entries")
IN_A_HOUSEHOLD = (
    "SELECT FROM household_members m "
    "WHERE m.tenant_id = households.tenant_id AND m.household_id = households.id"
)
SEEN = "EXISTS (SELECT FROM {parent} p WHERE p.tenant_id = m.tenant_id AND p.id = m.{column})"
HOUSEHOLD = (
    f"NOT EXISTS ({IN_A_HOUSEHOLD}) OR EXISTS ({IN_A_HOUSEHOLD} AND ("
    + SEEN.format(parent="customers", column="customer_id")
    + " OR "
    + SEEN.format(parent="contacts", column="contact_id")
    + "))"
)
"""Whoever sees one member sees the household, with the ids of all: it is one unit. Its members have
no policy of their own: they are only read with it."""

LIMITED = {
    "customer": "customers",
    "contact": "contacts",
    "contact-point": "contact_points",
    "affiliation": "affiliations",
    "trade-party": "trade_parties",
    "classification": "classifications",
    "household": "households",
    "acquaintance": "acquaintances",
}
FREE = (
    "department", "employee", "territory", "preferences", "classification-scheme", "custom-field",
    "hand-over", "pool-rules",
)  # fmt: skip
AUDITED = f"entity IN {FREE}" + "".join(
    f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
    "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
    for entity, table in LIMITED.items()
)
"""Who does not see an object does not read its history either. A kind of object that is not named
here has no history for callers with a row scope."""


def upgrade() -> None:
    op.execute(DEPARTMENTS_IN_SIGHT)
    limit_rows(op, "customers", MINE.format(customer="customers"))
    for table in OF_CUSTOMERS:
        limit_to_visible(op, table, customers="customer_id")
    limit_to_visible(op, "contact_points", customers="customer_id", contacts="contact_id")
    limit_to_visible(op, "acquaintances", contacts="contact_id")
    limit_rows(op, "households", HOUSEHOLD)
    limit_rows(op, "audit_log", AUDITED, command="SELECT")
