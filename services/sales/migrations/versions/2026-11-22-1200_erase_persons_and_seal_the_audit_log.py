"""Erase persons, and seal the audit log (C12)."""

from alembic import op

from kehu_kernel.audit_chain import create_audit_chain
from kehu_kernel.erasure_schema import create_erasure_tables, forget
from kehu_sales.personal import PERSONAL

revision = "2026112320"
down_revision = "2026112312"

KNOWN = {
    "customer_refs", "opportunities", "activities", "tasks", "quotes", "opportunity_evaluations",
}  # fmt: skip
"""The tables there are by now; those that come later are forgotten by the revision they come in."""


def upgrade() -> None:
    create_erasure_tables(op)
    create_audit_chain(op)
    forget(op, [one for one in PERSONAL if one.table in KNOWN])
