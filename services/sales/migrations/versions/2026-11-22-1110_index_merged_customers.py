"""Find the records that were merged into a customer by an index, without holding up writers."""

from alembic import op

revision = "2026112311"
down_revision = "2026112310"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_customer_refs_merged")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_customer_refs_merged "
            "ON customer_refs (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL"
        )
