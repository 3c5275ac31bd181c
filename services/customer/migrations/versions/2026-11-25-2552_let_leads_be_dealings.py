"""A lead is a dealing, and a request may be a complaint (C7)."""

from alembic import op

revision = "2026112552"
down_revision = "2026112551"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE dealings
            ADD COLUMN is_complaint boolean,
            DROP CONSTRAINT ck_dealings_kind,
            ADD CONSTRAINT ck_dealings_kind
                CHECK (kind IN ('contact', 'opportunity', 'request', 'lead')) NOT VALID
        """
    )
