"""Keep beside the terms of opportunities by what their lists are ordered.

Of thousands that are found a page is fifty: which ones, the narrow rows of the terms tell now, and
only those are read. From the next revision on triggers keep it; what is on record gets it in the
one after that.
"""

from alembic import op

revision = "2026112850"
down_revision = "2026112843"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE opportunity_terms
            ADD COLUMN created_at timestamptz,
            ADD COLUMN number text,
            ADD COLUMN expected_close_on date,
            ADD COLUMN expected_revenue numeric,
            ADD COLUMN level_rank integer
        """
    )
