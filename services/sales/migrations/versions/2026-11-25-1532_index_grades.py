"""Index the grades of opportunities, without holding up writers."""

from alembic import op

revision = "2026112532"
down_revision = "2026112531"

INDEXES = {
    "ix_opportunities_level": "opportunities (tenant_id, level_rank, id) "
    "WHERE level_rank IS NOT NULL",
    "ix_opportunities_graded": "opportunities (tenant_id, id) WHERE status = 'in_progress' "
    "OR status IN ('not_evaluated', 'in_evaluation') AND confirmed_on IS NOT NULL",
    "ix_opportunities_handling_overdue": "opportunities (handle_by_on) "
    "WHERE handle_by_on IS NOT NULL AND NOT handling_overdue_told",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
