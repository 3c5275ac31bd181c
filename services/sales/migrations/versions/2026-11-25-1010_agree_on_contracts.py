"""Sales contracts with their instalments, made from quotes or free (S10)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker
from kehu_sales.directory.rows import ME, limit_to_mine, limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112510"
down_revision = "2026112509"

TABLES = (
    """
    CREATE TABLE contracts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        state text NOT NULL,
        revision integer NOT NULL,
        quote_id uuid,
        opportunity_id uuid,
        customer_id uuid NOT NULL,
        contact_id uuid,
        owner_id uuid,
        department_id uuid,
        lines jsonb NOT NULL,
        discount_percent numeric(5, 2) NOT NULL,
        total numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        collected numeric(18, 2) NOT NULL,
        instalments jsonb NOT NULL,
        on_account boolean NOT NULL,
        settlement_method text,
        terms text,
        signed_on date NOT NULL,
        starts_on date NOT NULL,
        ends_on date,
        approved_on date,
        closed_on date,
        cancel_reason text,
        CONSTRAINT pk_contracts PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_contracts_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_contracts_tenant_id_quote_id
            FOREIGN KEY (tenant_id, quote_id) REFERENCES quotes (tenant_id, id),
        CONSTRAINT fk_contracts_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_contracts_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_contracts_state
            CHECK (state IN ('draft', 'in_approval', 'approved', 'fulfilled', 'cancelled')),
        CONSTRAINT ck_contracts_collected CHECK (collected >= 0 AND collected <= total),
        CONSTRAINT ck_contracts_period CHECK (ends_on >= starts_on),
        CONSTRAINT ck_contracts_cancel_reason
            CHECK ((state = 'cancelled') = (cancel_reason IS NOT NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX ix_contracts_quote ON contracts (tenant_id, quote_id)
        WHERE quote_id IS NOT NULL AND state <> 'cancelled'
    """,
    "CREATE INDEX ix_contracts_of_quote ON contracts (tenant_id, quote_id)",
    "CREATE INDEX ix_contracts_created_at ON contracts (tenant_id, created_at, id)",
    "CREATE INDEX ix_contracts_opportunity ON contracts (tenant_id, opportunity_id)",
    "CREATE INDEX ix_contracts_customer ON contracts (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_contracts_owner ON contracts (tenant_id, owner_id)",
    "CREATE INDEX ix_contracts_department ON contracts (tenant_id, department_id)",
    """
    CREATE TABLE contract_instalments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        contract_id uuid NOT NULL,
        position integer NOT NULL,
        due_on date NOT NULL,
        amount numeric(18, 2) NOT NULL,
        condition text,
        collected numeric(18, 2) NOT NULL,
        overdue_told_for date,
        overdue_count integer NOT NULL,
        CONSTRAINT pk_contract_instalments PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_contract_instalments_tenant_id_contract_id_position
            UNIQUE (tenant_id, contract_id, position),
        CONSTRAINT fk_contract_instalments_tenant_id_contract_id
            FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id),
        CONSTRAINT ck_contract_instalments_collected CHECK (collected >= 0 AND collected <= amount)
    )
    """,
    """
    CREATE INDEX ix_contract_instalments_open ON contract_instalments (tenant_id, due_on, id)
        WHERE collected < amount
    """,
)
ASKED_ABOUT = (
    "EXISTS (SELECT FROM approvals a WHERE a.tenant_id = contracts.tenant_id "
    f"AND a.document_id = contracts.id AND a.waiting_employee_id = {ME})"
)
"""Whoever is asked to approve a contract sees it."""


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "contracts", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "contract_instalments")
    let_worker(op, "contract_instalments", rights="SELECT")  # whose tenants have overdue ones
    limit_to_mine(op, "contracts", besides=ASKED_ABOUT)
    limit_to_visible(op, "contract_instalments", contracts="contract_id")
    forget(op, [one for one in PERSONAL if one.table in {"contracts", "contract_instalments"}])
