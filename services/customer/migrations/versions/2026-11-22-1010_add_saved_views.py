"""Add saved views of the customer list, and with which one a person begins (C15)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112303"
down_revision = "2026112302"

AGGREGATE = """
    tenant_id text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
"""
TABLES = (
    f"""
    CREATE TABLE saved_views (
        {AGGREGATE},
        name text NOT NULL,
        made_by text NOT NULL,
        audience text NOT NULL,
        department_id uuid,
        filters jsonb NOT NULL,
        columns jsonb NOT NULL,
        deleted boolean NOT NULL,
        CONSTRAINT pk_saved_views PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_saved_views_tenant_id_department_id
            FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, id),
        CONSTRAINT ck_saved_views_audience CHECK (
            audience IN ('me', 'department', 'all')
            AND (audience = 'department') = (department_id IS NOT NULL)
        )
    )
    """,
    "CREATE UNIQUE INDEX uq_saved_views_name ON saved_views (tenant_id, made_by, name) "
    "WHERE NOT deleted",
    "CREATE INDEX ix_saved_views_name ON saved_views (tenant_id, name, id)",
    f"""
    CREATE TABLE default_views (
        {AGGREGATE},
        subject text NOT NULL,
        view_id uuid,
        CONSTRAINT pk_default_views PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_default_views_tenant_id_subject UNIQUE (tenant_id, subject),
        CONSTRAINT fk_default_views_tenant_id_view_id
            FOREIGN KEY (tenant_id, view_id) REFERENCES saved_views (tenant_id, id)
    )
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("saved_views", "default_views"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
