"""Find duplicates: match keys, rules, pairs to review; credit code and website of a customer (C5).

Customers on record have no keys until a scan (`POST /v1/duplicate-scans`) has passed them.
"""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security, limit_rows

revision = "2026112291"
down_revision = "2026112290"

TABLES = (
    """
    CREATE TABLE match_keys (
        tenant_id text NOT NULL,
        kind text NOT NULL,
        key text NOT NULL,
        customer_id uuid NOT NULL,
        CONSTRAINT pk_match_keys PRIMARY KEY (tenant_id, kind, key, customer_id),
        CONSTRAINT fk_match_keys_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
            DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT ck_match_keys_key CHECK (key <> '')
    )
    """,
    """
    CREATE TABLE duplicate_rules (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        points jsonb NOT NULL,
        refuse_from integer NOT NULL,
        warn_from integer NOT NULL,
        other_credit_code integer NOT NULL,
        ignored_domains jsonb NOT NULL,
        unmerge_within_days integer NOT NULL,
        CONSTRAINT pk_duplicate_rules PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_duplicate_rules_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_duplicate_rules_thresholds CHECK (
            warn_from BETWEEN 1 AND refuse_from AND refuse_from <= 101
        ),
        CONSTRAINT ck_duplicate_rules_other CHECK (other_credit_code BETWEEN 0 AND 100),
        CONSTRAINT ck_duplicate_rules_days CHECK (unmerge_within_days >= 0)
    )
    """,
    """
    CREATE TABLE duplicate_pairs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        first_id uuid NOT NULL,
        second_id uuid NOT NULL,
        score integer NOT NULL,
        reasons jsonb NOT NULL,
        source text NOT NULL,
        state text NOT NULL,
        decided_by text,
        decision_reason text,
        CONSTRAINT pk_duplicate_pairs PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_duplicate_pairs_tenant_id_first_id_second_id
            UNIQUE (tenant_id, first_id, second_id),
        CONSTRAINT fk_duplicate_pairs_tenant_id_first_id
            FOREIGN KEY (tenant_id, first_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_duplicate_pairs_tenant_id_second_id
            FOREIGN KEY (tenant_id, second_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_duplicate_pairs_order CHECK (first_id < second_id),
        CONSTRAINT ck_duplicate_pairs_score CHECK (score BETWEEN 0 AND 100),
        CONSTRAINT ck_duplicate_pairs_state CHECK (
            state IN ('open', 'merged', 'dismissed')
            AND (state = 'open') = (decided_by IS NULL)
            AND (state <> 'dismissed' OR decision_reason IS NOT NULL)
        )
    )
    """,
)
INDEXES = (
    "ix_match_keys_customer ON match_keys (tenant_id, customer_id)",
    "ix_duplicate_pairs_second ON duplicate_pairs (tenant_id, second_id)",
    "ix_duplicate_pairs_score ON duplicate_pairs (tenant_id, state, score, id)",
    "ix_duplicate_pairs_created_at ON duplicate_pairs (tenant_id, created_at, id)",
)
BOTH = " AND ".join(
    "EXISTS (SELECT FROM customers c WHERE c.tenant_id = duplicate_pairs.tenant_id "
    f"AND c.id = duplicate_pairs.{column})"
    for column in ("first_id", "second_id")
)
"""A pair is for whoever sees both; it is entered by whoever enters one of the two."""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE customers ADD COLUMN credit_code text, ADD COLUMN website text, "
        "ADD COLUMN merged_into_id uuid"
    )
    op.execute(
        "ALTER TABLE customers ADD CONSTRAINT fk_customers_tenant_id_merged_into_id "
        "FOREIGN KEY (tenant_id, merged_into_id) REFERENCES customers (tenant_id, id) NOT VALID"
    )
    op.execute(
        "ALTER TABLE customers ADD CONSTRAINT ck_customers_merged "
        "CHECK (merged_into_id <> id) NOT VALID"
    )
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "match_keys", rights="SELECT, INSERT, DELETE")
    for table in ("duplicate_rules", "duplicate_pairs"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "match_keys", customers="customer_id")
    limit_rows(op, "duplicate_pairs", BOTH, command="SELECT")
