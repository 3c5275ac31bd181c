"""Find complaints without reading every request."""

from alembic import op

revision = "2026112552"
down_revision = "2026112551"

INDEX = "ix_requests_kind ON requests (tenant_id, kind, created_at, id)"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_requests_kind")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX}")
