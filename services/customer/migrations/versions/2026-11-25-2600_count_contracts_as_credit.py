"""Keep what contracts of sales take of the credit (C9)."""

from alembic import op

from kehu_customer.ownership.rows import limit_to_visible
from kehu_customer.personal import PERSONAL
from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security

revision = "2026112600"
down_revision = "2026112590"

CONTRACTS = """
    CREATE TABLE credit_contracts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        customer_id uuid NOT NULL,
        number text NOT NULL,
        state text NOT NULL,
        on_account boolean NOT NULL,
        currency text NOT NULL,
        total numeric(18, 2) NOT NULL,
        collected numeric(18, 2) NOT NULL,
        taken numeric(18, 2) NOT NULL,
        CONSTRAINT pk_credit_contracts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_credit_contracts_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_credit_contracts_taken CHECK (taken >= 0)
    )
"""
INDEXES = (
    "ix_credit_contracts_taking ON credit_contracts (tenant_id, customer_id) WHERE taken > 0",
    "ix_credit_contracts_customer ON credit_contracts (tenant_id, customer_id, taken, id)",
    "ix_credit_contracts_taken ON credit_contracts (tenant_id, taken, id)",
)


def upgrade() -> None:
    op.execute(CONTRACTS)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    enable_tenant_security(op, "credit_contracts", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "credit_contracts", customers="customer_id")
    forget(op, [one for one in PERSONAL if one.table == "credit_contracts"])
