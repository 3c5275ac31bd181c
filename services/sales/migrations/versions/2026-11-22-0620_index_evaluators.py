"""Find what a leaver has to evaluate by an index, without holding up writers."""

from alembic import op

revision = "2026112262"
down_revision = "2026112261"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunities_evaluator")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_opportunities_evaluator "
            "ON opportunities (tenant_id, evaluator_id) WHERE evaluator_id IS NOT NULL"
        )
