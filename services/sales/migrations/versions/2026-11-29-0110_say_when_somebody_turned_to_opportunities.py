"""Say when somebody was last seen to turn to an opportunity, and what its warning said.

What is on record was not looked at yet: a day long ago stands for that.
"""

from alembic import op

revision = "2026112911"
down_revision = "2026112910"

COLUMNS = """
    ALTER TABLE opportunities
        ADD COLUMN moved_on date NOT NULL DEFAULT '2000-01-01'::date,
        ADD COLUMN idle_warned_on date,
        ADD COLUMN idle_return_on date
"""


def upgrade() -> None:
    op.execute(COLUMNS)
