"""Find the files of imports that nobody needs any more."""

from alembic import op

revision = "2026112341"
down_revision = "2026112340"

INDEX = "ix_imports_files ON imports (updated_at) WHERE file_dropped_at IS NULL"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_imports_files")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX}")
