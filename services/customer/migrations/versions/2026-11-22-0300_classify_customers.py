"""Classify customers: schemes, and who is in which class (C8)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112203"
down_revision = "2026112120"

TABLES = (
    """
    CREATE TABLE classification_schemes (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        description_zh text,
        description_en text,
        source text,
        numbers jsonb NOT NULL,
        classes jsonb NOT NULL,
        rules jsonb NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_classification_schemes PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_classification_schemes_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_classification_schemes_name CHECK (
            code <> '' AND name_zh <> '' AND name_en <> ''
        ),
        CONSTRAINT ck_classification_schemes_classes CHECK (
            jsonb_typeof(classes) = 'array' AND jsonb_array_length(classes) > 0
        )
    )
    """,
    """
    CREATE TABLE classifications (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid NOT NULL,
        scheme_id uuid NOT NULL,
        class_code text NOT NULL,
        manner text NOT NULL,
        reason text,
        explanation jsonb,
        assigned_by text NOT NULL,
        effective_at timestamptz NOT NULL,
        ended_at timestamptz,
        ended_by text,
        end_reason text,
        CONSTRAINT pk_classifications PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_classifications_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_classifications_tenant_id_scheme_id
            FOREIGN KEY (tenant_id, scheme_id) REFERENCES classification_schemes (tenant_id, id),
        CONSTRAINT ck_classifications_manner CHECK (
            (manner = 'hand' AND reason IS NOT NULL AND reason <> '' AND explanation IS NULL)
            OR (manner = 'rule' AND reason IS NULL AND explanation IS NOT NULL)
        ),
        CONSTRAINT ck_classifications_ended CHECK (
            (ended_at IS NULL) = (ended_by IS NULL)
            AND (ended_at IS NOT NULL OR end_reason IS NULL)
            AND ended_at >= effective_at
        )
    )
    """,
)
INDEXES = (
    "INDEX ix_classification_schemes_code ON classification_schemes (tenant_id, code, id)",
    "INDEX ix_classification_schemes_ruled ON classification_schemes (tenant_id) "
    "WHERE active AND rules <> '[]'",
    "UNIQUE INDEX uq_classifications_current ON classifications "
    "(tenant_id, customer_id, scheme_id) WHERE ended_at IS NULL",
    "INDEX ix_classifications_class ON classifications "
    "(tenant_id, scheme_id, class_code, customer_id) WHERE ended_at IS NULL",
    "INDEX ix_classifications_customer ON classifications (tenant_id, customer_id, created_at, id)",
    "INDEX ix_classifications_scheme ON classifications (tenant_id, scheme_id, created_at, id)",
    "INDEX ix_classifications_created_at ON classifications (tenant_id, created_at, id)",
)
ENDING = "version, updated_at, ended_at, ended_by, end_reason"


def upgrade() -> None:
    # New tables only: the locks on `customers` for the foreign key are short, nothing is scanned.
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    enable_tenant_security(op, "classification_schemes", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "classifications", rights="SELECT, INSERT")
    # Who was in which class is history: it can be ended, and not be changed.
    op.execute(f"GRANT UPDATE ({ENDING}) ON classifications TO kehu_app")
