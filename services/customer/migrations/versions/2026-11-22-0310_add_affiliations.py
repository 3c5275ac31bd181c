"""Add affiliations of contacts, and the contact's department.

The extension makes equality and ranges go together in one exclusion constraint. PostgreSQL trusts
it: the owner of a database may create it.
"""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112231"
down_revision = "2026112230"

AFFILIATIONS = """
    CREATE TABLE affiliations (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        contact_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        is_main boolean NOT NULL,
        title text,
        department text,
        buying_role text,
        started_on date NOT NULL,
        ended_on date,
        end_reason text,
        CONSTRAINT pk_affiliations PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_affiliations_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT fk_affiliations_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_affiliations_buying_role CHECK (
            buying_role IN ('handler', 'business_contact', 'decision_maker')
        ),
        CONSTRAINT ck_affiliations_dates CHECK (ended_on >= started_on),
        CONSTRAINT ck_affiliations_ended CHECK (ended_on IS NOT NULL OR end_reason IS NULL),
        CONSTRAINT ex_affiliations_overlap EXCLUDE USING gist (
            tenant_id WITH =,
            contact_id WITH =,
            customer_id WITH =,
            daterange(started_on, ended_on) WITH &&
        )
    )
"""

INDEXES = (
    "UNIQUE INDEX uq_affiliations_main ON affiliations (tenant_id, contact_id) "
    "WHERE is_main AND ended_on IS NULL",
    "INDEX ix_affiliations_contact ON affiliations (tenant_id, contact_id, started_on, id)",
    "INDEX ix_affiliations_customer ON affiliations (tenant_id, customer_id, started_on, id)",
    "INDEX ix_affiliations_started_on ON affiliations (tenant_id, started_on, id)",
)


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("ALTER TABLE contacts ADD COLUMN department text")
    op.execute(AFFILIATIONS)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    enable_tenant_security(op, "affiliations", rights="SELECT, INSERT, UPDATE")
