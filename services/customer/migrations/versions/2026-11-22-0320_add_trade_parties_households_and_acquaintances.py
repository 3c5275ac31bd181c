"""Add trade parties, households and acquaintances."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112232"
down_revision = "2026112231"

TABLES = (
    """
    CREATE TABLE trade_parties (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid NOT NULL,
        party_id uuid NOT NULL,
        role text NOT NULL,
        is_default boolean NOT NULL,
        started_on date NOT NULL,
        ended_on date,
        CONSTRAINT pk_trade_parties PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_trade_parties_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_trade_parties_tenant_id_party_id
            FOREIGN KEY (tenant_id, party_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_trade_parties_other CHECK (party_id <> customer_id),
        CONSTRAINT ck_trade_parties_role CHECK (
            role IN ('user', 'buyer', 'payer', 'final_recipient')
        ),
        CONSTRAINT ck_trade_parties_dates CHECK (ended_on >= started_on),
        CONSTRAINT ck_trade_parties_default CHECK (ended_on IS NULL OR NOT is_default)
    )
    """,
    """
    CREATE TABLE households (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        name text NOT NULL,
        CONSTRAINT pk_households PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_households_name CHECK (name <> '')
    )
    """,
    """
    CREATE TABLE household_members (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        household_id uuid NOT NULL,
        customer_id uuid,
        contact_id uuid,
        relation text NOT NULL,
        joined_on date NOT NULL,
        left_on date,
        CONSTRAINT pk_household_members PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_household_members_tenant_id_household_id
            FOREIGN KEY (tenant_id, household_id) REFERENCES households (tenant_id, id),
        CONSTRAINT fk_household_members_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_household_members_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_household_members_person CHECK (num_nonnulls(customer_id, contact_id) = 1),
        CONSTRAINT ck_household_members_relation CHECK (
            relation IN ('head', 'spouse', 'child', 'parent', 'other')
        ),
        CONSTRAINT ck_household_members_dates CHECK (left_on >= joined_on)
    )
    """,
    """
    CREATE TABLE acquaintances (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        employee_id uuid NOT NULL,
        contact_id uuid NOT NULL,
        closeness integer NOT NULL,
        how text,
        met_on date,
        active boolean NOT NULL,
        CONSTRAINT pk_acquaintances PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_acquaintances_tenant_id_employee_id_contact_id
            UNIQUE (tenant_id, employee_id, contact_id),
        CONSTRAINT fk_acquaintances_tenant_id_employee_id
            FOREIGN KEY (tenant_id, employee_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_acquaintances_tenant_id_contact_id
            FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
        CONSTRAINT ck_acquaintances_closeness CHECK (closeness BETWEEN 1 AND 4)
    )
    """,
)

INDEXES = (
    "UNIQUE INDEX uq_trade_parties_current ON trade_parties "
    "(tenant_id, customer_id, role, party_id) WHERE ended_on IS NULL",
    "UNIQUE INDEX uq_trade_parties_default ON trade_parties (tenant_id, customer_id, role) "
    "WHERE is_default",
    "INDEX ix_trade_parties_party ON trade_parties (tenant_id, party_id, started_on, id)",
    "INDEX ix_trade_parties_customer ON trade_parties (tenant_id, customer_id, started_on, id)",
    "INDEX ix_trade_parties_started_on ON trade_parties (tenant_id, started_on, id)",
    "INDEX ix_households_name ON households (tenant_id, name, id)",
    "UNIQUE INDEX uq_household_members_customer ON household_members (tenant_id, customer_id) "
    "WHERE left_on IS NULL AND customer_id IS NOT NULL",
    "UNIQUE INDEX uq_household_members_contact ON household_members (tenant_id, contact_id) "
    "WHERE left_on IS NULL AND contact_id IS NOT NULL",
    "UNIQUE INDEX uq_household_members_head ON household_members (tenant_id, household_id) "
    "WHERE left_on IS NULL AND relation = 'head'",
    "INDEX ix_household_members_household ON household_members (tenant_id, household_id, id)",
    "INDEX ix_acquaintances_contact ON acquaintances (tenant_id, contact_id, closeness, id)",
    "INDEX ix_acquaintances_closeness ON acquaintances (tenant_id, closeness, id)",
)


def upgrade() -> None:
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    for table in ("trade_parties", "households", "household_members", "acquaintances"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
