"""Say which superior is asked to consent to a visit: who is asked sees it (4 §2, C4)."""

from alembic import op

from kehu_sales.directory.rows import ME, OF_VISIBLE, limit_to_mine

revision = "2026112807"
down_revision = "2026112806"

SEEN = f"visits.observer_ids @> ARRAY[{ME}] OR visits.approver_id = {ME} OR " + OF_VISIBLE.format(
    table="visits", parent="opportunities", column="opportunity_id"
)
"""As before: who joins, and who sees the opportunity it is about; and whose consent was asked."""


def upgrade() -> None:
    op.execute("ALTER TABLE visits ADD COLUMN approver_id uuid")
    op.execute("DROP POLICY row_scope ON visits")
    limit_to_mine(op, "visits", besides=SEEN)
