"""Merge customers, and undo it (C5)."""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security, limit_rows

revision = "2026112292"
down_revision = "2026112293"

TABLES = (
    """
    CREATE TABLE merges (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        survivor_id uuid NOT NULL,
        merged_ids jsonb NOT NULL,
        reason text,
        state text NOT NULL,
        undone_at timestamptz,
        undo_reason text,
        CONSTRAINT pk_merges PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_merges_tenant_id_survivor_id
            FOREIGN KEY (tenant_id, survivor_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_merges_merged CHECK (
            jsonb_typeof(merged_ids) = 'array' AND jsonb_array_length(merged_ids) > 0
        ),
        CONSTRAINT ck_merges_state CHECK (
            state IN ('merged', 'undone') AND (state = 'undone') = (undone_at IS NOT NULL)
        )
    )
    """,
    """
    CREATE TABLE merge_moves (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        merge_id uuid NOT NULL,
        place integer NOT NULL,
        kind text NOT NULL,
        row_id uuid NOT NULL,
        changes jsonb NOT NULL,
        CONSTRAINT pk_merge_moves PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_merge_moves_tenant_id_merge_id
            FOREIGN KEY (tenant_id, merge_id) REFERENCES merges (tenant_id, id)
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
}
FREE = (
    "department", "employee", "territory", "preferences", "classification-scheme", "custom-field",
    "hand-over", "pool-rules", "credit-policy", "fact-definition", "fact-source", "profile",
    "duplicate-rules",
)  # fmt: skip
AUDITED = f"entity IN {FREE}" + "".join(
    f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
    "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
    for entity, table in LIMITED.items()
)
"""Who does not see an object does not read its history either. A kind of object that is not named
here has no history for callers with a row scope."""
INDEXES = (
    "ix_merges_survivor ON merges (tenant_id, survivor_id)",
    "ix_merges_created_at ON merges (tenant_id, created_at, id)",
    "ix_merge_moves_merge ON merge_moves (tenant_id, merge_id, place)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "merges", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "merges", customers="survivor_id")
    enable_tenant_security(op, "merge_moves", rights="SELECT, INSERT")
    op.execute("DROP POLICY row_scope ON audit_log")
    limit_rows(op, "audit_log", AUDITED, command="SELECT")
    # A classification is history: it ends, and goes along when its customer is merged.
    op.execute("GRANT UPDATE (customer_id) ON classifications TO kehu_app")
