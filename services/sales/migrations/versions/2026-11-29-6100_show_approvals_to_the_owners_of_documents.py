"""Show an approval to whose document it is, and hide one that nobody of us submitted (C4).

Until here who submitted it counted alone: not its owner saw what was decided about a document that
somebody else had submitted, and everybody saw what a system had.
"""

from alembic import op

from kehu_kernel.migrations import limit_rows
from kehu_sales.directory.rows import ME, MY_DEPARTMENTS

revision = "2026112961"
down_revision = "2026112960"

CONCERNED = (
    "(approvals.owner_id IS NULL AND approvals.document_owner_id IS NULL"
    f" OR {ME} IN (approvals.owner_id, approvals.document_owner_id, approvals.waiting_employee_id)"
    f" OR approvals.department_id = ANY ({MY_DEPARTMENTS}))"
)
"""Of nobody's document, or the caller's, who submitted it or is asked, or of the departments'."""


def upgrade() -> None:
    op.execute("DROP POLICY row_scope ON approvals")
    limit_rows(op, "approvals", CONCERNED)
