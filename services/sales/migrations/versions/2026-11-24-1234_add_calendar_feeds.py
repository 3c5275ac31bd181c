"""Add secret addresses of calendars (S5)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112434"
down_revision = "2026112433"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE calendar_feeds (
            tenant_id text NOT NULL,
            id uuid NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            employee_id uuid NOT NULL,
            name text NOT NULL,
            secret_digest text NOT NULL,
            revoked_at timestamptz,
            CONSTRAINT pk_calendar_feeds PRIMARY KEY (tenant_id, id),
            CONSTRAINT uq_calendar_feeds_tenant_id_secret_digest
                UNIQUE (tenant_id, secret_digest),
            CONSTRAINT ck_calendar_feeds_name CHECK (name <> '')
        )
        """
    )
    op.execute(
        "CREATE INDEX ix_calendar_feeds_employee "
        "ON calendar_feeds (tenant_id, employee_id, created_at, id)"
    )
    op.execute(
        "CREATE INDEX ix_calendar_feeds_created_at ON calendar_feeds (tenant_id, created_at, id)"
    )
    enable_tenant_security(op, "calendar_feeds", rights="SELECT, INSERT, UPDATE")
