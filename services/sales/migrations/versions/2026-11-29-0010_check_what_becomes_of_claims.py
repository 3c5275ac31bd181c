"""Check what is on record of claims that nobody answers, without holding up writers."""

from alembic import op

revision = "2026112901"
down_revision = "2026112900"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE collision_policies VALIDATE CONSTRAINT ck_collision_policies_on_no_answer"
    )
