"""Keep a copy of customers' credit, and what was decided about checking contracts by it (S10)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker
from kehu_sales.personal import PERSONAL

revision = "2026112591"
down_revision = "2026112542"

COPIES = (
    """
    CREATE TABLE credit_limit_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        customer_id uuid NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        CONSTRAINT pk_credit_limit_refs PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE credit_report_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        customer_id uuid NOT NULL,
        reported_on date NOT NULL,
        expires_on date NOT NULL,
        superseded boolean NOT NULL,
        CONSTRAINT pk_credit_report_refs PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE TABLE credit_account_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        customer_id uuid NOT NULL,
        exposure numeric(18, 2),
        currency text,
        blocked boolean NOT NULL,
        block_reason text,
        CONSTRAINT pk_credit_account_refs PRIMARY KEY (tenant_id, id)
    )
    """,
)
TABLES = ("credit_limit_refs", "credit_report_refs", "credit_account_refs")
POLICY = """
    CREATE TABLE credit_check_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        without_file text NOT NULL,
        without_report text NOT NULL,
        CONSTRAINT pk_credit_check_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_credit_check_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_credit_check_policies_words CHECK (
            without_file IN ('allow', 'warn', 'refuse')
            AND without_report IN ('allow', 'warn', 'refuse')
        )
    )
"""


def upgrade() -> None:
    for statement in COPIES:
        op.execute(statement)
    for table in TABLES:
        op.execute(f"CREATE INDEX ix_{table}_customer ON {table} (tenant_id, customer_id)")
        enable_tenant_security(op, table, rights="SELECT")
        let_worker(op, table, rights="SELECT, INSERT, UPDATE")
    op.execute(POLICY)
    enable_tenant_security(op, "credit_check_policies", rights="SELECT, INSERT, UPDATE")
    op.execute("ALTER TABLE contracts ADD COLUMN credit_override_reason text")
    forget(op, [one for one in PERSONAL if one.table in {"contracts", *TABLES}])
