"""Erase persons, and seal the audit log (C12)."""

from alembic import op

from kehu_kernel.audit_chain import create_audit_chain
from kehu_kernel.erasure_schema import create_erasure_tables, forget
from kehu_marketing.personal import PERSONAL

revision = "2026112320"
down_revision = "2026112312"


def upgrade() -> None:
    create_erasure_tables(op)
    create_audit_chain(op)
    forget(op, PERSONAL)
