"""Add custom fields: definitions, values on the customer, and a typed index of values (C11)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112204"
down_revision = "2026112203"

TABLES = (
    """
    CREATE TABLE custom_fields (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        description text,
        type text NOT NULL,
        options jsonb NOT NULL,
        reference_to text,
        max_length integer,
        required boolean NOT NULL,
        is_unique boolean NOT NULL,
        indexed boolean NOT NULL,
        default_value jsonb,
        visible_to text,
        active boolean NOT NULL,
        CONSTRAINT pk_custom_fields PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_custom_fields_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_custom_fields_name CHECK (code <> '' AND name_zh <> '' AND name_en <> ''),
        CONSTRAINT ck_custom_fields_type CHECK (
            type IN ('text', 'number', 'date', 'choice', 'multi_choice', 'reference', 'money')
            AND (type = 'reference') = (reference_to IS NOT NULL)
            AND (type = 'text') = (max_length IS NOT NULL)
            AND NOT (is_unique AND type = 'multi_choice')
        )
    )
    """,
    """
    CREATE TABLE custom_entries (
        tenant_id text NOT NULL,
        field_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        place integer NOT NULL,
        text_value text,
        number_value numeric(18, 4),
        day_value date,
        unique_key text,
        CONSTRAINT pk_custom_entries PRIMARY KEY (tenant_id, field_id, customer_id, place),
        CONSTRAINT uq_custom_entries_tenant_id_field_id_unique_key
            UNIQUE (tenant_id, field_id, unique_key),
        CONSTRAINT fk_custom_entries_tenant_id_field_id
            FOREIGN KEY (tenant_id, field_id) REFERENCES custom_fields (tenant_id, id),
        CONSTRAINT fk_custom_entries_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_custom_entries_value CHECK (
            num_nonnulls(text_value, number_value, day_value) > 0
        )
    )
    """,
)
INDEXES = (
    "ix_custom_fields_code ON custom_fields (tenant_id, code, id)",
    "ix_custom_fields_new ON custom_fields (tenant_id) "
    "WHERE active AND (required OR default_value IS NOT NULL)",
    "ix_custom_fields_restricted ON custom_fields (tenant_id) WHERE visible_to IS NOT NULL",
    "ix_custom_entries_text ON custom_entries (tenant_id, field_id, text_value, customer_id)",
    "ix_custom_entries_number ON custom_entries (tenant_id, field_id, number_value, customer_id)",
    "ix_custom_entries_day ON custom_entries (tenant_id, field_id, day_value, customer_id)",
    "ix_custom_entries_customer ON custom_entries (tenant_id, customer_id)",
)


def upgrade() -> None:
    # A constant default: PostgreSQL notes it in the catalogue and rewrites no row.
    op.execute("ALTER TABLE customers ADD COLUMN custom jsonb NOT NULL DEFAULT '{}'")
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "custom_fields", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "custom_entries", rights="SELECT, INSERT, DELETE")
