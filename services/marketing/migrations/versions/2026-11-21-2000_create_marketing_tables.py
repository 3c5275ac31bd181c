"""Create the tables of the marketing service."""

from alembic import op

from kehu_kernel.migrations import create_kernel_tables, enable_tenant_security, let_worker

revision = "2026112120"
down_revision = None

TABLES = (
    """
    CREATE TABLE customer_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        state text NOT NULL,
        sequence integer NOT NULL,
        CONSTRAINT pk_customer_refs PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE leads (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        external_ref text,
        topic text NOT NULL,
        source text NOT NULL,
        source_detail text,
        customer_id uuid,
        customer_name text,
        contact_id uuid,
        contact_name text,
        contact_phone text,
        contact_email text,
        owner_id uuid,
        need text,
        expected_revenue numeric(18, 2),
        expected_revenue_currency text,
        expected_close_on date,
        interests jsonb NOT NULL,
        status text NOT NULL,
        created_on date NOT NULL,
        disqualified_on date,
        disqualified_reason text,
        converted_on date,
        opportunity_id uuid,
        last_error jsonb,
        CONSTRAINT pk_leads PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_leads_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_leads_tenant_id_external_ref UNIQUE (tenant_id, external_ref),
        CONSTRAINT ck_leads_topic CHECK (topic <> ''),
        CONSTRAINT ck_leads_source CHECK (source IN (
            'acquaintance', 'relationship_chain', 'influential_person', 'other_salespeople',
            'door_to_door', 'observation', 'directory', 'direct_mail', 'advertising', 'seminar',
            'telephone', 'dormant_customer', 'print_media', 'other'
        )),
        CONSTRAINT ck_leads_customer CHECK (customer_id IS NOT NULL OR customer_name IS NOT NULL),
        CONSTRAINT ck_leads_contact CHECK (contact_id IS NULL OR customer_id IS NOT NULL),
        CONSTRAINT ck_leads_revenue CHECK (
            (expected_revenue IS NULL) = (expected_revenue_currency IS NULL)
            AND expected_revenue >= 0
        ),
        CONSTRAINT ck_leads_status CHECK (
            status IN ('open', 'converting', 'converted', 'disqualified')
        ),
        CONSTRAINT ck_leads_disqualified CHECK (
            (status = 'disqualified') = (disqualified_on IS NOT NULL)
            AND (disqualified_on IS NULL) = (disqualified_reason IS NULL)
        ),
        CONSTRAINT ck_leads_converted CHECK (
            (status = 'converted') = (opportunity_id IS NOT NULL)
            AND (status = 'converted') = (converted_on IS NOT NULL)
            AND (status <> 'converted' OR customer_id IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX ix_leads_created_at ON leads (tenant_id, created_at, id)",
    "CREATE INDEX ix_leads_status ON leads (tenant_id, status, created_at, id)",
    "CREATE INDEX ix_leads_owner ON leads (tenant_id, owner_id, created_at, id)",
    "CREATE INDEX ix_leads_source ON leads (tenant_id, source, created_at, id)",
    "CREATE INDEX ix_leads_customer ON leads (tenant_id, customer_id, created_at, id)",
    """
    CREATE TABLE conversions (
        tenant_id text NOT NULL,
        lead_id uuid NOT NULL,
        state text NOT NULL,
        customer_id uuid,
        contact_id uuid,
        opportunity_id uuid,
        attempts integer NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        claim_id uuid,
        claimed_until timestamptz,
        last_error jsonb,
        started_by text NOT NULL,
        started_at timestamptz NOT NULL,
        request_id text NOT NULL,
        traceparent text,
        language text NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT pk_conversions PRIMARY KEY (tenant_id, lead_id),
        CONSTRAINT fk_conversions_tenant_id_lead_id
            FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id),
        CONSTRAINT ck_conversions_state CHECK (
            state IN ('requested', 'customer_done', 'contact_done', 'completed', 'failed')
        ),
        CONSTRAINT ck_conversions_progress CHECK (
            (state IN ('requested', 'failed') OR customer_id IS NOT NULL)
            AND (state = 'completed') = (opportunity_id IS NOT NULL)
        ),
        CONSTRAINT ck_conversions_error CHECK (state <> 'failed' OR last_error IS NOT NULL),
        CONSTRAINT ck_conversions_claim CHECK ((claim_id IS NULL) = (claimed_until IS NULL)),
        CONSTRAINT ck_conversions_attempts CHECK (attempts >= 0),
        CONSTRAINT ck_conversions_language CHECK (language IN ('en', 'zh'))
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ix_conversions_due ON conversions (next_attempt_at)
        WHERE state NOT IN ('completed', 'failed')
    """,
)


def upgrade() -> None:
    create_kernel_tables(op)
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "customer_refs", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "leads", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "conversions", rights="SELECT, INSERT, UPDATE")
    # The queue of conversions is one for all tenants: the worker sees what is due, and claims it.
    let_worker(op, "conversions", rights="SELECT, UPDATE (claim_id, claimed_until)")
