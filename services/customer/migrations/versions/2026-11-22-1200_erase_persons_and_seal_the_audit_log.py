"""Erase persons, and seal the audit log (C12)."""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_customer.personal import PERSONAL
from kehu_kernel.audit_chain import create_audit_chain
from kehu_kernel.erasure_schema import create_erasure_tables, forget
from kehu_kernel.migrations import enable_tenant_security, let_worker, limit_rows

revision = "2026112320"
down_revision = "2026112303"

LATER = {"credit_contracts"}
"""Tables that are made later: the migration that makes one calls `forget` for it."""

TABLES = (
    """
    CREATE TABLE erasures (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid,
        contact_id uuid,
        subject_ids jsonb NOT NULL,
        legal_basis text NOT NULL,
        reason text NOT NULL,
        despite jsonb NOT NULL,
        state text NOT NULL,
        ordered_by text NOT NULL,
        completed_at timestamptz,
        CONSTRAINT pk_erasures PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_erasures_tenant_id_customer_id UNIQUE (tenant_id, customer_id),
        CONSTRAINT uq_erasures_tenant_id_contact_id UNIQUE (tenant_id, contact_id),
        CONSTRAINT fk_erasures_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_erasures_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_erasures_person CHECK (num_nonnulls(customer_id, contact_id) = 1),
        CONSTRAINT ck_erasures_state CHECK (
            state IN ('ordered', 'completed') AND (state = 'completed') = (completed_at IS NOT NULL)
        )
    )
    """,
    """
    CREATE TABLE consents (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid,
        contact_id uuid,
        purpose text NOT NULL,
        channel text NOT NULL,
        decision text NOT NULL,
        at timestamptz NOT NULL,
        manner text NOT NULL,
        proof text,
        document_ref text,
        policy_version text,
        expires_on date,
        recorded_by text NOT NULL,
        CONSTRAINT pk_consents PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_consents_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_consents_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_consents_person CHECK (num_nonnulls(customer_id, contact_id) = 1),
        CONSTRAINT ck_consents_decision CHECK (
            decision IN ('given', 'withdrawn') AND (decision = 'given' OR expires_on IS NULL)
        )
    )
    """,
    """
    CREATE TABLE data_exports (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid,
        contact_id uuid,
        state text NOT NULL,
        document jsonb,
        requested_by text NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_data_exports PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_data_exports_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_data_exports_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_data_exports_person CHECK (num_nonnulls(customer_id, contact_id) = 1),
        CONSTRAINT ck_data_exports_state CHECK (
            state IN ('requested', 'ready', 'expired') AND (state = 'ready' OR document IS NULL)
        )
    )
    """,
    "CREATE INDEX ix_data_exports_created_at ON data_exports (tenant_id, created_at, id)",
    "CREATE INDEX ix_data_exports_open ON data_exports (expires_at) WHERE state <> 'expired'",
    "CREATE INDEX ix_consents_subject ON consents "
    "(tenant_id, COALESCE(contact_id, customer_id), purpose, at, id)",
    "CREATE INDEX ix_consents_at ON consents (tenant_id, at, id)",
    "CREATE INDEX ix_erasures_created_at ON erasures (tenant_id, created_at, id)",
    "CREATE INDEX ix_erasures_open ON erasures (created_at) WHERE state = 'ordered'",
    """
    CREATE TABLE erasure_acknowledgements (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        erasure_id uuid NOT NULL,
        service text NOT NULL,
        counts jsonb NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_erasure_acknowledgements PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_erasure_acknowledgements_tenant_id_erasure_id_service
            UNIQUE (tenant_id, erasure_id, service),
        CONSTRAINT fk_erasure_acknowledgements_tenant_id_erasure_id
            FOREIGN KEY (tenant_id, erasure_id) REFERENCES erasures (tenant_id, id)
    )
    """,
)
LIMITED = {
    "customer": "customers",
    "contact": "contacts",
    "contact-point": "contact_points",
    "affiliation": "affiliations",
    "trade-party": "trade_parties",
    "classification": "classifications",
    "household": "households",
    "acquaintance": "acquaintances",
    "archive": "archives",
    "fact": "facts",
    "credit-account": "credit_accounts",
    "credit-investigation": "credit_investigations",
    "credit-limit": "credit_limits",
    "credit-report": "credit_reports",
    "credit-reservation": "credit_reservations",
    "financial-statement": "financial_statements",
    "duplicate-pair": "duplicate_pairs",
    "merge": "merges",
    "erasure": "erasures",
    "data-export": "data_exports",
    "consent": "consents",
    "import": "imports",
    "segment-member": "segment_members",
}
FREE = (
    "department", "employee", "territory", "preferences", "classification-scheme", "custom-field",
    "hand-over", "pool-rules", "credit-policy", "fact-definition", "fact-source", "profile",
    "duplicate-rules", "segment", "saved-view", "default-view",
)  # fmt: skip
AUDITED = f"entity IN {FREE}" + "".join(
    f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
    "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
    for entity, table in LIMITED.items()
)
"""Who does not see an object does not read its history either. A kind of object that is not named
here has no history for callers with a row scope."""


def upgrade() -> None:
    create_erasure_tables(op)
    create_audit_chain(op)
    for table in TABLES:
        op.execute(table)
    for table in ("erasures", "erasure_acknowledgements"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
        let_worker(op, table, rights="SELECT, INSERT, UPDATE")
    # Append-only: nobody of ours may change an entry but the erasure, by its trigger.
    enable_tenant_security(op, "consents", rights="SELECT, INSERT")
    limit_to_visible(op, "consents", customers="customer_id", contacts="contact_id")
    enable_tenant_security(op, "data_exports", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "data_exports", rights="SELECT, UPDATE (state, document)")
    limit_to_visible(op, "data_exports", customers="customer_id", contacts="contact_id")
    limit_to_visible(op, "erasures", customers="customer_id", contacts="contact_id")
    let_worker(op, "households", rights="SELECT, UPDATE (name)")
    let_worker(op, "household_members", rights="SELECT")
    op.execute("DROP POLICY row_scope ON audit_log")
    limit_rows(op, "audit_log", AUDITED, command="SELECT")
    forget(op, [one for one in PERSONAL if one.table not in LATER])
