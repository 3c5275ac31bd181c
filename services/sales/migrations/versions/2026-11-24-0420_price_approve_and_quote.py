"""Floor prices, price lists, approvals, and quotes with a life of their own (S6, S7)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker
from kehu_sales.personal import PERSONAL

revision = "2026112420"
down_revision = "2026112434"

TABLES = (
    """
    CREATE TABLE customer_group_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence integer NOT NULL,
        customer_id uuid NOT NULL,
        segment_id uuid,
        class_code text,
        member boolean NOT NULL,
        CONSTRAINT pk_customer_group_refs PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE INDEX ix_customer_group_refs_customer ON customer_group_refs (tenant_id, customer_id)
    """,
    """
    CREATE TABLE approval_chains (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        kind text NOT NULL,
        active boolean NOT NULL,
        own_allowed boolean NOT NULL,
        currency text NOT NULL,
        levels jsonb NOT NULL,
        CONSTRAINT pk_approval_chains PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_approval_chains_tenant_id_kind UNIQUE (tenant_id, kind)
    )
    """,
    """
    CREATE TABLE approvals (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        kind text NOT NULL,
        document_id uuid NOT NULL,
        document_number text NOT NULL,
        customer_id uuid,
        owner_id uuid,
        department_id uuid,
        amount numeric(18, 2),
        currency text,
        discount_percent numeric(5, 2),
        levels jsonb NOT NULL,
        own_allowed boolean NOT NULL,
        state text NOT NULL,
        position integer NOT NULL,
        waiting_employee_id uuid,
        waiting_role text,
        submitted_by text NOT NULL,
        CONSTRAINT pk_approvals PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_approvals_state
            CHECK (state IN ('waiting', 'approved', 'rejected', 'withdrawn', 'revoked'))
    )
    """,
    """
    CREATE UNIQUE INDEX ix_approvals_open ON approvals (tenant_id, kind, document_id)
        WHERE state IN ('waiting', 'approved')
    """,
    "CREATE INDEX ix_approvals_document ON approvals (tenant_id, document_id, created_at, id)",
    "CREATE INDEX ix_approvals_created_at ON approvals (tenant_id, created_at, id)",
    """
    CREATE INDEX ix_approvals_waiting_employee ON approvals (tenant_id, waiting_employee_id)
        WHERE state = 'waiting'
    """,
    """
    CREATE INDEX ix_approvals_waiting_role ON approvals (tenant_id, waiting_role)
        WHERE state = 'waiting'
    """,
    """
    CREATE TABLE approval_decisions (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        approval_id uuid NOT NULL,
        step integer NOT NULL,
        decision text NOT NULL,
        level_name text,
        reason text,
        decided_by text NOT NULL,
        employee_id uuid,
        decided_at timestamptz NOT NULL,
        CONSTRAINT pk_approval_decisions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_approval_decisions_tenant_id_approval_id_step
            UNIQUE (tenant_id, approval_id, step),
        CONSTRAINT fk_approval_decisions_tenant_id_approval_id
            FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, id)
    )
    """,
    """
    CREATE TABLE price_lists (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        name text NOT NULL,
        audience text NOT NULL,
        customer_id uuid,
        segment_id uuid,
        audience_code text,
        currency text NOT NULL,
        tax_included boolean NOT NULL,
        starts_on date NOT NULL,
        ends_on date,
        owner_id uuid,
        department_id uuid,
        state text NOT NULL,
        line_count integer NOT NULL,
        CONSTRAINT pk_price_lists PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_price_lists_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_price_lists_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_price_lists_state CHECK (state IN ('draft', 'in_approval', 'approved')),
        CONSTRAINT ck_price_lists_period CHECK (ends_on >= starts_on),
        CONSTRAINT ck_price_lists_audience CHECK (
            (audience = 'customer') = (customer_id IS NOT NULL)
            AND (audience = 'segment') = (segment_id IS NOT NULL)
            AND (audience IN ('tier', 'class')) = (audience_code IS NOT NULL)
        )
    )
    """,
    "CREATE INDEX ix_price_lists_created_at ON price_lists (tenant_id, created_at, id)",
    "CREATE INDEX ix_price_lists_starts_on ON price_lists (tenant_id, starts_on, id)",
    "CREATE INDEX ix_price_lists_customer ON price_lists (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_price_lists_owner ON price_lists (tenant_id, owner_id)",
    """
    CREATE INDEX ix_price_lists_answering ON price_lists (tenant_id, audience, starts_on)
        WHERE state = 'approved'
    """,
    """
    CREATE TABLE price_lines (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        price_list_id uuid NOT NULL,
        product_id uuid NOT NULL,
        from_quantity numeric(14, 4) NOT NULL,
        price numeric(18, 2) NOT NULL,
        CONSTRAINT pk_price_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_price_lines_tenant_id_price_list_id_product_id_from_quantity
            UNIQUE (tenant_id, price_list_id, product_id, from_quantity),
        CONSTRAINT fk_price_lines_tenant_id_price_list_id
            FOREIGN KEY (tenant_id, price_list_id) REFERENCES price_lists (tenant_id, id),
        CONSTRAINT fk_price_lines_tenant_id_product_id
            FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
        CONSTRAINT ck_price_lines_not_negative CHECK (price >= 0 AND from_quantity >= 0)
    )
    """,
    "CREATE INDEX ix_price_lines_product ON price_lines (tenant_id, product_id)",
    """
    CREATE TABLE quote_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        limits jsonb NOT NULL,
        early_quote text NOT NULL,
        solution_from_rate integer NOT NULL,
        valid_days integer,
        key_account_grades jsonb NOT NULL,
        CONSTRAINT pk_quote_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_quote_policies_tenant_id UNIQUE (tenant_id)
    )
    """,
)
RIGHTS = {
    "customer_group_refs": "SELECT",
    "approval_chains": "SELECT, INSERT, UPDATE",
    "approvals": "SELECT, INSERT, UPDATE",
    "approval_decisions": "SELECT, INSERT",
    "price_lists": "SELECT, INSERT, UPDATE",
    "price_lines": "SELECT, INSERT, UPDATE, DELETE",
    "quote_policies": "SELECT, INSERT, UPDATE",
}
FORGETTING = {"quotes", "customer_group_refs", "price_lists", "approvals", "approval_decisions"}


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table, rights in RIGHTS.items():
        enable_tenant_security(op, table, rights=rights)
    let_worker(op, "customer_group_refs", rights="SELECT, INSERT, UPDATE")
    op.execute("ALTER TABLE customer_refs ADD COLUMN value_grade text")
    op.execute(
        """
        ALTER TABLE products
            ADD COLUMN category text,
            ADD COLUMN origin text,
            ADD COLUMN floor_price numeric(18, 2),
            ADD COLUMN tax_rate numeric(5, 2),
            ADD COLUMN days_per_unit numeric,
            ADD CONSTRAINT ck_products_floor CHECK (floor_price <= list_price) NOT VALID
        """
    )
    op.execute(
        """
        ALTER TABLE quotes
            ALTER COLUMN opportunity_id DROP NOT NULL,
            ADD COLUMN state text NOT NULL DEFAULT 'sent',
            ADD COLUMN revision integer NOT NULL DEFAULT 1,
            ADD COLUMN root_id uuid,
            ADD COLUMN price_list_id uuid,
            ADD COLUMN department_id uuid,
            ADD COLUMN discount_percent numeric(5, 2) NOT NULL DEFAULT 0,
            ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]',
            ADD COLUMN sent_on date,
            ADD COLUMN closed_on date,
            ADD COLUMN close_reason text,
            ADD CONSTRAINT ck_quotes_state CHECK (state IN ('draft', 'in_approval', 'approved',
                'sent', 'accepted', 'rejected', 'expired', 'superseded')) NOT VALID
        """
    )
    # What is on record was offered to customers, and could not be changed: it stays so.
    op.execute("ALTER TABLE quotes ALTER COLUMN state SET DEFAULT 'draft'")
    op.execute("GRANT UPDATE ON quotes TO kehu_app")
    forget(op, [one for one in PERSONAL if one.table in FORGETTING])
