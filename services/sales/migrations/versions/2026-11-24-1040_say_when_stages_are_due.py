"""Say of opportunities in progress when their stage is due, lot by lot, each its own transaction.

It may be broken off and begun again. What the code of before enters meanwhile has no due day, and
is neither overdue nor told of until it enters its next stage.
"""

from alembic import op
from sqlalchemy import text

revision = "2026112414"
down_revision = "2026112413"

TABLES = ("opportunities", "opportunity_stages")
LOT = """
    UPDATE opportunities AS o SET stage_due_on = o.stage_entered_on + due.planned_days
    FROM (
        SELECT o.tenant_id, o.id, s.planned_days
        FROM opportunities AS o
            JOIN opportunity_stages AS s
                ON s.tenant_id = o.tenant_id AND s.opportunity_id = o.id
                AND s.position = o.stage_position
        WHERE o.status = 'in_progress' AND o.stage_due_on IS NULL
            AND s.opportunity_version IS NULL
        LIMIT 1000
        FOR NO KEY UPDATE OF o SKIP LOCKED
    ) AS due
    WHERE o.tenant_id = due.tenant_id AND o.id = due.id
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for table in TABLES:  # the owner of a table with forced row security sees nothing else
            op.execute(f"DROP POLICY IF EXISTS backfill ON {table}")
            op.execute(f"CREATE POLICY backfill ON {table} TO CURRENT_USER USING (true)")
        while connection.execute(text(LOT)).rowcount:
            pass
        for table in TABLES:
            op.execute(f"DROP POLICY backfill ON {table}")
