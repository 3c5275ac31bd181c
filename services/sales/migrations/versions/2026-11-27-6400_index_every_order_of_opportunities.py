"""Index the orders of opportunities in which nulls are last, and the list of a level."""

from alembic import op

revision = "2026112764"
down_revision = "2026112763"

INDEXES = {
    "ix_opportunities_latest_close": "(tenant_id, expected_close_on DESC NULLS LAST, id DESC)",
    "ix_opportunities_highest_level": "(tenant_id, level_rank, id)",
    "ix_opportunities_lowest_level": "(tenant_id, level_rank DESC NULLS LAST, id DESC)",
    "ix_opportunities_of_level": "(tenant_id, level, created_at, id) WHERE level IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON opportunities {what}")
        # Of graded ones only; the list has the others, too.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunities_level")
