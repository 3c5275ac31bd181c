"""Keep the history of owners, and hand over everything of a leaver (C4).

New tables only. Changes of owner before this are in the audit log.
"""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112281"
down_revision = "2026112280"

TABLES = (
    """
    CREATE TABLE hand_overs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        employee_id uuid NOT NULL,
        successor_id uuid NOT NULL,
        shares jsonb NOT NULL,
        reason text,
        state text NOT NULL,
        failure text,
        expected integer NOT NULL,
        requested_by text NOT NULL,
        request_id text NOT NULL,
        traceparent text,
        CONSTRAINT pk_hand_overs PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_hand_overs_tenant_id_employee_id
            FOREIGN KEY (tenant_id, employee_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_hand_overs_tenant_id_successor_id
            FOREIGN KEY (tenant_id, successor_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT ck_hand_overs_other CHECK (successor_id <> employee_id),
        CONSTRAINT ck_hand_overs_state CHECK (
            state IN ('running', 'completed', 'failed')
            AND (state = 'failed') = (failure IS NOT NULL)
        )
    )
    """,
    """
    CREATE TABLE owner_changes (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        customer_id uuid NOT NULL,
        previous_owner_id uuid,
        owner_id uuid,
        manner text NOT NULL,
        reason text,
        hand_over_id uuid,
        changed_by text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_owner_changes PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_owner_changes_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_owner_changes_tenant_id_previous_owner_id
            FOREIGN KEY (tenant_id, previous_owner_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_owner_changes_tenant_id_owner_id
            FOREIGN KEY (tenant_id, owner_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_owner_changes_tenant_id_hand_over_id
            FOREIGN KEY (tenant_id, hand_over_id) REFERENCES hand_overs (tenant_id, id),
        CONSTRAINT ck_owner_changes_change CHECK (previous_owner_id IS DISTINCT FROM owner_id),
        CONSTRAINT ck_owner_changes_leaver CHECK ((manner = 'leaver') = (hand_over_id IS NOT NULL))
    )
    """,
)

INDEXES = (
    "UNIQUE INDEX uq_hand_overs_running ON hand_overs (tenant_id, employee_id) "
    "WHERE state = 'running'",
    "INDEX ix_hand_overs_created_at ON hand_overs (tenant_id, created_at, id)",
    "INDEX ix_hand_overs_running ON hand_overs (created_at) WHERE state = 'running'",
    "INDEX ix_owner_changes_at ON owner_changes (tenant_id, at, id)",
    "INDEX ix_owner_changes_customer ON owner_changes (tenant_id, customer_id, at, id)",
    "INDEX ix_owner_changes_owner ON owner_changes (tenant_id, owner_id, at, id)",
    "INDEX ix_owner_changes_previous_owner ON owner_changes (tenant_id, previous_owner_id, at, id)",
    "INDEX ix_owner_changes_hand_over ON owner_changes (tenant_id, hand_over_id, at, id)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    enable_tenant_security(op, "hand_overs", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "hand_overs", rights="SELECT")
    enable_tenant_security(op, "owner_changes", rights="SELECT, INSERT")
    limit_to_visible(op, "owner_changes", customers="customer_id")
