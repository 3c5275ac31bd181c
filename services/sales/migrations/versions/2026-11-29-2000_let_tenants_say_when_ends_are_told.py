"""Let tenants say how long before their end contracts are told of (S10)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112920"
down_revision = "2026112913"

POLICY = """
    CREATE TABLE contract_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        remind_days_before_end integer,
        CONSTRAINT pk_contract_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_contract_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_contract_policies_remind_days
            CHECK (remind_days_before_end BETWEEN 0 AND 366)
    )
"""


def upgrade() -> None:
    op.execute(POLICY)
    enable_tenant_security(op, "contract_policies", rights="SELECT, INSERT, UPDATE")
    let_worker(op, "contract_policies", rights="SELECT")  # whose tenants have ends to be told
