"""Index contracts in force whose end nobody was told of, without holding up writers."""

from alembic import op

revision = "2026112922"
down_revision = "2026112921"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_contracts_end_untold")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_contracts_end_untold "
            "ON contracts (tenant_id, ends_on, id) "
            "WHERE state = 'approved' AND end_told_for IS DISTINCT FROM ends_on"
        )
