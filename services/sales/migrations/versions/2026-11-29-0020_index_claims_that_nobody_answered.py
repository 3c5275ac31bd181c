"""Find claims that nobody answered, and of which was told, without holding up writers."""

from alembic import op

revision = "2026112902"
down_revision = "2026112901"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_collisions_unanswered")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_collisions_unanswered "
            "ON collisions (tenant_id, answer_due_on) WHERE state = 'claimed' AND overdue_told"
        )
