"""Add contact points, and preferences of tenants."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112230"
down_revision = "2026112204"

TABLES = (
    """
    CREATE TABLE preferences (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        phone_region text NOT NULL,
        CONSTRAINT pk_preferences PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_preferences_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_preferences_phone_region CHECK (phone_region ~ '^[A-Z]{2}$')
    )
    """,
    """
    CREATE TABLE contact_points (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid,
        contact_id uuid,
        kind text NOT NULL,
        purpose text NOT NULL,
        value text NOT NULL,
        address jsonb,
        normalised text,
        extension text,
        verified_on date,
        verified_by text,
        is_primary boolean NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_contact_points PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_contact_points_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_contact_points_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_contact_points_party CHECK (num_nonnulls(customer_id, contact_id) = 1),
        CONSTRAINT ck_contact_points_kind CHECK (kind IN ('phone', 'mobile', 'email', 'address')),
        CONSTRAINT ck_contact_points_purpose CHECK (
            purpose IN ('work', 'private', 'fax', 'billing', 'delivery', 'registered', 'other')
        ),
        CONSTRAINT ck_contact_points_value CHECK (value <> ''),
        CONSTRAINT ck_contact_points_address CHECK (address IS NULL OR kind = 'address'),
        CONSTRAINT ck_contact_points_normalised CHECK (
            kind NOT IN ('phone', 'mobile') OR normalised ~ '^\\+[1-9][0-9]{3,16}$'
        ),
        CONSTRAINT ck_contact_points_extension CHECK (
            extension IS NULL OR kind IN ('phone', 'mobile')
        ),
        CONSTRAINT ck_contact_points_verified CHECK ((verified_on IS NULL) = (verified_by IS NULL)),
        CONSTRAINT ck_contact_points_primary CHECK (active OR NOT is_primary)
    )
    """,
)

INDEXES = (
    "UNIQUE INDEX uq_contact_points_{party}_primary ON contact_points "
    "(tenant_id, {party}_id, kind) WHERE is_primary AND {party}_id IS NOT NULL",
    "UNIQUE INDEX uq_contact_points_{party}_value ON contact_points "
    "(tenant_id, {party}_id, kind, normalised, extension) NULLS NOT DISTINCT "
    "WHERE active AND {party}_id IS NOT NULL AND normalised IS NOT NULL",
    "INDEX ix_contact_points_{party} ON contact_points (tenant_id, {party}_id, kind, id)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for party in ("customer", "contact"):
        for index in INDEXES:
            op.execute(f"CREATE {index.format(party=party)}")
    op.execute(
        "CREATE INDEX ix_contact_points_normalised ON contact_points (tenant_id, normalised, id)"
    )
    op.execute(
        "CREATE INDEX ix_contact_points_created_at ON contact_points (tenant_id, created_at, id)"
    )
    for table in ("preferences", "contact_points"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
