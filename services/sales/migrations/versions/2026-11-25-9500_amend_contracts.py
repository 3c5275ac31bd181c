"""Amendments of contracts in force, and every version that was agreed to (S10)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import ME, limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112595"
down_revision = "2026112591"

TABLES = (
    """
    CREATE TABLE contract_amendments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        contract_id uuid NOT NULL,
        number text NOT NULL,
        revision integer NOT NULL,
        state text NOT NULL,
        reason text,
        lines jsonb NOT NULL,
        discount_percent numeric(5, 2) NOT NULL,
        total numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        instalments jsonb NOT NULL,
        on_account boolean NOT NULL,
        settlement_method text,
        terms text,
        starts_on date NOT NULL,
        ends_on date,
        agreed_on date,
        submitted_by text,
        decided_by text,
        CONSTRAINT pk_contract_amendments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_contract_amendments_tenant_id_contract_id
            FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id),
        CONSTRAINT ck_contract_amendments_state
            CHECK (state IN ('original', 'in_approval', 'approved', 'rejected', 'withdrawn')),
        CONSTRAINT ck_contract_amendments_reason CHECK ((state = 'original') = (reason IS NULL)),
        CONSTRAINT ck_contract_amendments_agreed
            CHECK ((state IN ('original', 'approved')) = (agreed_on IS NOT NULL)),
        CONSTRAINT ck_contract_amendments_period CHECK (ends_on >= starts_on)
    )
    """,
    """
    CREATE UNIQUE INDEX ix_contract_amendments_open ON contract_amendments (tenant_id, contract_id)
        WHERE state = 'in_approval'
    """,
    """
    CREATE UNIQUE INDEX ix_contract_amendments_kept
        ON contract_amendments (tenant_id, contract_id, revision)
        WHERE state IN ('original', 'approved')
    """,
    """
    CREATE INDEX ix_contract_amendments_contract
        ON contract_amendments (tenant_id, contract_id, created_at, id)
    """,
    """
    CREATE INDEX ix_contract_amendments_created_at
        ON contract_amendments (tenant_id, created_at, id)
    """,
)
ASKED_ABOUT = (
    "EXISTS (SELECT FROM approvals a WHERE a.tenant_id = contract_amendments.tenant_id "
    f"AND a.document_id = contract_amendments.id AND a.waiting_employee_id = {ME})"
)
"""Whoever is asked to approve an amendment sees it."""


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "contract_amendments", rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "contract_amendments", besides=ASKED_ABOUT, contracts="contract_id")
    forget(op, [one for one in PERSONAL if one.table == "contract_amendments"])
