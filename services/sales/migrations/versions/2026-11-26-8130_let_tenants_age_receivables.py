"""Let tenants say how old receivables are (S10)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112686"
down_revision = "2026112685"

POLICY = """
    CREATE TABLE receivable_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        ages integer[] NOT NULL,
        CONSTRAINT pk_receivable_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_receivable_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_receivable_policies_ages CHECK (cardinality(ages) > 0 AND 0 < ALL (ages))
    )
"""


def upgrade() -> None:
    op.execute(POLICY)
    enable_tenant_security(op, "receivable_policies", rights="SELECT, INSERT, UPDATE")
