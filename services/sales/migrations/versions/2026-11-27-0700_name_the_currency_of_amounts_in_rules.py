"""Name the currency of amounts in rules of assignment that had none: the tenant's.

What the code of before enters meanwhile without one applies to nothing until it is given one.
"""

import os

from alembic import op
from sqlalchemy import text

revision = "2026112741"
down_revision = "2026112721"

NAMED = text(
    """
    UPDATE assignment_rules SET currency = :currency
    WHERE currency IS NULL AND num_nonnulls(amount_from, amount_below) > 0
    """
)


def upgrade() -> None:
    # The owner of a table with forced row security sees nothing else.
    op.execute("CREATE POLICY backfill ON assignment_rules TO CURRENT_USER USING (true)")
    currency = os.environ.get("KEHU_SALES_CURRENCY", "CNY")
    op.get_bind().execute(NAMED, {"currency": currency})
    op.execute("DROP POLICY backfill ON assignment_rules")
