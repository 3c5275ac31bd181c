"""Receipts, and which instalments of contracts they pay (S10)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import limit_to_mine, limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112511"
down_revision = "2026112510"

TABLES = (
    """
    CREATE TABLE receipts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        state text NOT NULL,
        customer_id uuid NOT NULL,
        owner_id uuid,
        department_id uuid,
        received_on date NOT NULL,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        allocated numeric(18, 2) NOT NULL,
        refunded numeric(18, 2) NOT NULL,
        method text,
        reference text,
        closed_on date,
        close_reason text,
        CONSTRAINT pk_receipts PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_receipts_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_receipts_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_receipts_state CHECK (state IN ('recorded', 'reversed')),
        CONSTRAINT ck_receipts_parts
            CHECK (allocated >= 0 AND refunded >= 0 AND allocated + refunded <= amount),
        CONSTRAINT ck_receipts_reversed
            CHECK (state = 'recorded' OR allocated = 0 AND refunded = 0)
    )
    """,
    "CREATE INDEX ix_receipts_created_at ON receipts (tenant_id, created_at, id)",
    "CREATE INDEX ix_receipts_customer ON receipts (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_receipts_owner ON receipts (tenant_id, owner_id)",
    """
    CREATE TABLE receipt_allocations (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        receipt_id uuid NOT NULL,
        contract_id uuid NOT NULL,
        position integer NOT NULL,
        amount numeric(18, 2) NOT NULL,
        allocated_on date NOT NULL,
        released_on date,
        release_reason text,
        CONSTRAINT pk_receipt_allocations PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_receipt_allocations_tenant_id_receipt_id
            FOREIGN KEY (tenant_id, receipt_id) REFERENCES receipts (tenant_id, id),
        CONSTRAINT fk_receipt_allocations_tenant_id_contract_id
            FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id),
        CONSTRAINT ck_receipt_allocations_amount CHECK (amount > 0),
        CONSTRAINT ck_receipt_allocations_release
            CHECK ((released_on IS NULL) = (release_reason IS NULL))
    )
    """,
    "CREATE INDEX ix_receipt_allocations_receipt ON receipt_allocations (tenant_id, receipt_id)",
    """
    CREATE INDEX ix_receipt_allocations_contract
        ON receipt_allocations (tenant_id, contract_id, position) WHERE released_on IS NULL
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "receipts", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "receipt_allocations", rights="SELECT, INSERT, UPDATE")
    limit_to_mine(op, "receipts")
    limit_to_visible(op, "receipt_allocations", receipts="receipt_id")
    forget(op, [one for one in PERSONAL if one.table in {"receipts", "receipt_allocations"}])
