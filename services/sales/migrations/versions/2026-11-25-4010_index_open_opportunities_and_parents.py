"""Index open opportunities by customer, and customers by parent, without holding up writers."""

from alembic import op

revision = "2026112541"
down_revision = "2026112540"

INDEXES = {
    "ix_opportunities_open_customer": "opportunities (tenant_id, customer_id, opened_on) "
    "WHERE status IN ('not_evaluated', 'in_evaluation', 'in_progress')",
    "ix_customer_refs_parent": "customer_refs (tenant_id, parent_id) WHERE parent_id IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
