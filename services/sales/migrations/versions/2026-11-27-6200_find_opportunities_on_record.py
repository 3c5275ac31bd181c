"""Say of the opportunities on record by what they are found, lot by lot, each its own transaction.

It may be broken off and begun again. What is entered or changed meanwhile the triggers know better:
whoever enters or changes several may wait for a lot that waits for them, and wins.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_kernel.db import LOST_A_RACE

revision = "2026112762"
down_revision = "2026112761"

LOT = text(
    """
    WITH lot AS (
        SELECT tenant_id, id, topic, lines, owner_id, department_id, evaluator_id
        FROM opportunities
        WHERE (tenant_id, id) > (:tenant_id, CAST(:id AS uuid))
        ORDER BY tenant_id, id LIMIT 100
    ), entered AS (
        INSERT INTO opportunity_terms (tenant_id, opportunity_id, terms)
        SELECT tenant_id, id,
            opportunity_terms_of(tenant_id, topic, lines, owner_id, department_id, evaluator_id)
        FROM lot
        ON CONFLICT DO NOTHING
    )
    SELECT tenant_id, id FROM lot ORDER BY tenant_id DESC, id DESC LIMIT 1
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
            last = {"tenant_id": found["tenant_id"], "id": str(found["id"])}
