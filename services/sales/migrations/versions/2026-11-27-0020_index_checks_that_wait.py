"""Index checks of collisions by how long they wait, without holding up writers."""

from alembic import op

revision = "2026112702"
down_revision = "2026112701"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_collision_checks_waiting")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_collision_checks_waiting "
            "ON collision_checks (tenant_id, waiting_since, id)"
        )
