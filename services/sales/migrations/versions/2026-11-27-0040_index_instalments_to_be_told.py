"""Index instalments whose due day nobody was told of, without holding up writers."""

from alembic import op

revision = "2026112704"
down_revision = "2026112703"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_contract_instalments_untold")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_contract_instalments_untold "
            "ON contract_instalments (tenant_id, due_on, id) "
            "WHERE collected < amount AND overdue_told_for IS DISTINCT FROM due_on"
        )
