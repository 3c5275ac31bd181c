"""Say of opportunities on record by what lists order them, lot by lot, each its own transaction.

It may be broken off and begun again. What is entered or changed meanwhile the triggers know better:
whoever changes several may wait for a lot that waits for them, and wins.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_kernel.db import LOST_A_RACE

revision = "2026112852"
down_revision = "2026112851"

LOT = text(
    """
    WITH lot AS (
        SELECT tenant_id, opportunity_id FROM opportunity_terms
        WHERE (tenant_id, opportunity_id) > (:tenant_id, CAST(:id AS uuid))
        ORDER BY tenant_id, opportunity_id LIMIT 100
    ), told AS (
        UPDATE opportunity_terms AS kept
        SET created_at = o.created_at, number = o.number, expected_close_on = o.expected_close_on,
            expected_revenue = o.expected_revenue, level_rank = o.level_rank
        FROM lot JOIN opportunities o
            ON o.tenant_id = lot.tenant_id AND o.id = lot.opportunity_id
        WHERE kept.tenant_id = lot.tenant_id AND kept.opportunity_id = lot.opportunity_id
            AND kept.created_at IS NULL
    )
    SELECT tenant_id, opportunity_id FROM lot
    ORDER BY tenant_id DESC, opportunity_id DESC LIMIT 1
    """
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        last = {"tenant_id": "", "id": "00000000-0000-0000-0000-000000000000"}
        while True:
            try:
                found = connection.execute(LOT, last).mappings().first()
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in LOST_A_RACE:
                    raise
                continue  # after waiting, a second for a deadlock, four for a lock
            if found is None:
                break
            last = {"tenant_id": found["tenant_id"], "id": str(found["opportunity_id"])}
