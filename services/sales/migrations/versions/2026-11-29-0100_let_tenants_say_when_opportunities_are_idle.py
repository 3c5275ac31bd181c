"""Let tenants say when opportunities that nobody turns to go back to the reserve pool."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112910"
down_revision = "2026112902"

POLICY = """
    CREATE TABLE idle_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        idle_days integer,
        warn_days integer NOT NULL,
        decided_on date NOT NULL,
        CONSTRAINT pk_idle_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_idle_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_idle_policies_days CHECK (warn_days > 0 AND idle_days > warn_days)
    )
"""


def upgrade() -> None:
    op.execute(POLICY)
    enable_tenant_security(op, "idle_policies", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "idle_policies", rights="SELECT")
