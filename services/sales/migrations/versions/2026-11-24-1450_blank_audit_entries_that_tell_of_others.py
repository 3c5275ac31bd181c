"""Let audit entries be blanked that are about one object and tell of an erased other (C12)."""

from alembic import op

from kehu_kernel.audit_chain import FUNCTIONS

revision = "2026112450"
down_revision = "2026112422"


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
