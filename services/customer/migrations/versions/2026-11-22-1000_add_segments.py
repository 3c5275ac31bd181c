"""Add segments, who is in them, and the behaviour of customers that their rules look at (C7).

New tables only. Behaviour begins with the events that the topics still hold.
"""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112301"
down_revision = "2026112300"

TABLES = (
    """
    CREATE TABLE dealings (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        customer_id uuid,
        kind text NOT NULL,
        status text NOT NULL,
        happened_on date NOT NULL,
        closed_on date,
        amount numeric(18, 2),
        currency text,
        sequence bigint NOT NULL,
        CONSTRAINT pk_dealings PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_dealings_kind CHECK (kind IN ('contact', 'opportunity', 'request')),
        CONSTRAINT ck_dealings_amount CHECK ((amount IS NULL) = (currency IS NULL))
    )
    """,
    """
    CREATE TABLE customer_behaviour (
        tenant_id text NOT NULL,
        customer_id uuid NOT NULL,
        contacts integer NOT NULL,
        last_contact_on date,
        opportunities_open integer NOT NULL,
        opportunities_won integer NOT NULL,
        opportunities_lost integer NOT NULL,
        last_opportunity_on date,
        last_won_on date,
        won_amounts jsonb NOT NULL,
        requests integer NOT NULL,
        requests_open integer NOT NULL,
        last_request_on date,
        CONSTRAINT pk_customer_behaviour PRIMARY KEY (tenant_id, customer_id),
        CONSTRAINT fk_customer_behaviour_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
    )
    """,
    """
    CREATE TABLE segments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        description text,
        kind text NOT NULL,
        rule jsonb,
        rule_version integer NOT NULL,
        reads text[] NOT NULL,
        state text NOT NULL,
        CONSTRAINT pk_segments PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_segments_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_segments_kind CHECK (
            kind IN ('dynamic', 'static') AND (kind = 'dynamic') = (rule IS NOT NULL)
        ),
        CONSTRAINT ck_segments_state CHECK (state IN ('active', 'archived'))
    )
    """,
    """
    CREATE TABLE segment_members (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        segment_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        reason text NOT NULL,
        entered_at timestamptz NOT NULL,
        left_at timestamptz,
        CONSTRAINT pk_segment_members PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_segment_members_tenant_id_segment_id_customer_id
            UNIQUE (tenant_id, segment_id, customer_id),
        CONSTRAINT fk_segment_members_tenant_id_segment_id
            FOREIGN KEY (tenant_id, segment_id) REFERENCES segments (tenant_id, id),
        CONSTRAINT fk_segment_members_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_segment_members_version CHECK ((version % 2 = 0) = (left_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE segment_runs (
        tenant_id text NOT NULL,
        segment_id uuid NOT NULL,
        complete boolean NOT NULL,
        looked_to uuid,
        looked_at integer NOT NULL,
        daily boolean NOT NULL,
        settled_on date NOT NULL,
        CONSTRAINT pk_segment_runs PRIMARY KEY (tenant_id, segment_id),
        CONSTRAINT fk_segment_runs_tenant_id_segment_id
            FOREIGN KEY (tenant_id, segment_id) REFERENCES segments (tenant_id, id)
    )
    """,
    """
    CREATE TABLE segment_changes (
        tenant_id text NOT NULL,
        subject_id uuid NOT NULL,
        facts text[] NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_segment_changes PRIMARY KEY (tenant_id, subject_id)
    )
    """,
)
INDEXES = (
    "ix_dealings_customer ON dealings (tenant_id, customer_id)",
    "ix_customer_behaviour_last_contact_on ON customer_behaviour (tenant_id, last_contact_on)",
    "ix_customer_behaviour_last_opportunity_on "
    "ON customer_behaviour (tenant_id, last_opportunity_on)",
    "ix_customer_behaviour_last_won_on ON customer_behaviour (tenant_id, last_won_on)",
    "ix_customer_behaviour_last_request_on ON customer_behaviour (tenant_id, last_request_on)",
    "ix_segments_code ON segments (tenant_id, code, id)",
    "ix_segment_members_current ON segment_members (tenant_id, segment_id, entered_at, id) "
    "WHERE left_at IS NULL",
    "ix_segment_members_customer ON segment_members (tenant_id, customer_id, segment_id)",
    "ix_segment_runs_open ON segment_runs (tenant_id) WHERE NOT complete",
    "ix_segment_runs_due ON segment_runs (settled_on) WHERE complete AND daily",
    "ix_segment_changes_at ON segment_changes (tenant_id, at)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "dealings", rights="SELECT")
    limit_to_visible(op, "dealings", customers="customer_id")
    let_worker(op, "dealings", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "customer_behaviour", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "customer_behaviour", customers="customer_id")
    enable_tenant_security(op, "segments", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "segment_members", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "segment_members", customers="customer_id")
    enable_tenant_security(op, "segment_runs", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "segment_runs", rights="SELECT")
    enable_tenant_security(op, "segment_changes", rights="SELECT, INSERT, UPDATE, DELETE")
    let_worker(op, "segment_changes", rights="SELECT, INSERT, UPDATE")
