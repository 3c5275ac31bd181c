"""Import customers from files (C6). New tables only."""

from alembic import op

from kehu_customer.ownership.rows import ME
from kehu_kernel.migrations import enable_tenant_security, let_worker, limit_rows

revision = "2026112300"
down_revision = "2026112296"

TABLES = (
    """
    CREATE TABLE imports (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        format text NOT NULL,
        file_name text,
        on_duplicate text NOT NULL,
        owner_id uuid,
        headers jsonb NOT NULL,
        mapping jsonb NOT NULL,
        state text NOT NULL,
        failure text,
        position integer NOT NULL,
        attempts integer NOT NULL,
        created integer NOT NULL,
        updated integer NOT NULL,
        unchanged integer NOT NULL,
        skipped integer NOT NULL,
        refused integer NOT NULL,
        undone integer NOT NULL,
        kept integer NOT NULL,
        busy_seconds double precision NOT NULL,
        requested_by text NOT NULL,
        request_id text NOT NULL,
        traceparent text,
        employee_id uuid,
        row_scope text NOT NULL,
        scopes jsonb,
        CONSTRAINT pk_imports PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_imports_tenant_id_owner_id
            FOREIGN KEY (tenant_id, owner_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT ck_imports_on_duplicate CHECK (on_duplicate IN ('refuse', 'skip', 'update')),
        CONSTRAINT ck_imports_state CHECK (
            state IN ('draft', 'checking', 'checked', 'running', 'paused', 'completed', 'failed',
                'undoing', 'undone')
            AND (state <> 'failed' OR failure IS NOT NULL)
        ),
        CONSTRAINT ck_imports_position CHECK (position >= 1)
    )
    """,
    """
    CREATE TABLE import_parts (
        tenant_id text NOT NULL,
        import_id uuid NOT NULL,
        number integer NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT pk_import_parts PRIMARY KEY (tenant_id, import_id, number),
        CONSTRAINT fk_import_parts_tenant_id_import_id
            FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id),
        CONSTRAINT ck_import_parts_number CHECK (number >= 1)
    )
    """,
    """
    CREATE TABLE import_rows (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        import_id uuid NOT NULL,
        number integer NOT NULL,
        outcome text NOT NULL,
        customer_id uuid,
        customer_version integer,
        before jsonb,
        reasons jsonb NOT NULL,
        cells jsonb,
        CONSTRAINT pk_import_rows PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_import_rows_tenant_id_import_id_number
            UNIQUE (tenant_id, import_id, number),
        CONSTRAINT fk_import_rows_tenant_id_import_id
            FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id),
        CONSTRAINT ck_import_rows_outcome CHECK (
            outcome IN ('created', 'updated', 'unchanged', 'skipped', 'refused', 'undone', 'kept')
            AND (outcome = 'refused') = (cells IS NOT NULL)
        )
    )
    """,
    # A file is packed or about to be read once: compressing it again costs more than it saves.
    "ALTER TABLE import_parts ALTER COLUMN content SET STORAGE EXTERNAL",
)
INDEXES = (
    "ix_imports_created_at ON imports (tenant_id, created_at, id)",
    "ix_imports_working ON imports (created_at) WHERE state IN ('checking', 'running', 'undoing')",
    "ix_import_rows_customer ON import_rows (tenant_id, customer_id) WHERE customer_id IS NOT NULL",
    "ix_import_rows_refused ON import_rows (tenant_id, import_id, number) "
    "WHERE outcome = 'refused'",
)
MINE = f"employee_id = {ME}"
OF_MINE = (
    "EXISTS (SELECT FROM imports i WHERE i.tenant_id = {table}.tenant_id "
    "AND i.id = {table}.import_id AND i." + MINE + ")"
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "imports", rights="SELECT, INSERT, UPDATE")
    # A file says of customers what whoever made it could see: others with a row scope see nothing.
    limit_rows(op, "imports", MINE)
    let_worker(op, "imports", rights="SELECT")
    for table in ("import_parts", "import_rows"):
        enable_tenant_security(op, table)
        limit_rows(op, table, OF_MINE.format(table=table))
