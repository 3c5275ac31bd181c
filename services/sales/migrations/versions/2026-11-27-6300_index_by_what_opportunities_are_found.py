"""Index by what opportunities are found."""

from alembic import op

revision = "2026112763"
down_revision = "2026112762"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that was begun and not finished is there, but of no use.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_opportunity_terms_terms")
        op.execute(
            "CREATE INDEX CONCURRENTLY ix_opportunity_terms_terms "
            "ON opportunity_terms USING gin (terms)"
        )
