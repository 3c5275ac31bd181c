"""Erase persons, and seal the audit log (C12)."""

from alembic import op

from kehu_analytics.personal import PERSONAL
from kehu_kernel.audit_chain import create_audit_chain
from kehu_kernel.erasure_schema import create_erasure_tables, forget

revision = "2026112320"
down_revision = "2026112311"


def upgrade() -> None:
    create_erasure_tables(op)
    create_audit_chain(op)
    forget(op, PERSONAL)
