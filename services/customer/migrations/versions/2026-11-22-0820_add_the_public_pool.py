"""Add the rules of the public pool, and the day of the last contact with a customer (C4).

New tables only.
"""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_kernel.migrations import enable_tenant_security

revision = "2026112282"
down_revision = "2026112281"

TABLES = (
    """
    CREATE TABLE pool_rules (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        department_id uuid,
        max_held integer NOT NULL,
        protection_days integer NOT NULL,
        reclaim_after_days integer NOT NULL,
        recycled_states text[] NOT NULL,
        CONSTRAINT pk_pool_rules PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_pool_rules_tenant_id_department_id
            UNIQUE NULLS NOT DISTINCT (tenant_id, department_id),
        CONSTRAINT fk_pool_rules_tenant_id_department_id
            FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, id),
        CONSTRAINT ck_pool_rules_numbers CHECK (
            max_held >= 0 AND protection_days > 0 AND reclaim_after_days >= 0
        ),
        CONSTRAINT ck_pool_rules_states CHECK (recycled_states <@ ARRAY['prospect', 'trade'])
    )
    """,
    """
    CREATE TABLE follow_ups (
        tenant_id text NOT NULL,
        customer_id uuid NOT NULL,
        last_on date NOT NULL,
        CONSTRAINT pk_follow_ups PRIMARY KEY (tenant_id, customer_id),
        CONSTRAINT fk_follow_ups_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
    )
    """,
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    enable_tenant_security(op, "pool_rules", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "follow_ups", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "follow_ups", customers="customer_id")
