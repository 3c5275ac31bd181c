"""Create the tables of the customer service."""

from alembic import op

from kehu_kernel.migrations import create_kernel_tables, enable_tenant_security

revision = "2026112120"
down_revision = None

TABLES = (
    """
    CREATE TABLE departments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        parent_id uuid,
        path uuid[] NOT NULL,
        CONSTRAINT pk_departments PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_departments_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT fk_departments_tenant_id_parent_id
            FOREIGN KEY (tenant_id, parent_id) REFERENCES departments (tenant_id, id),
        CONSTRAINT ck_departments_name CHECK (name <> '' AND code <> ''),
        CONSTRAINT ck_departments_path CHECK (
            path[cardinality(path)] = id
            AND path[cardinality(path) - 1] IS NOT DISTINCT FROM parent_id
        )
    )
    """,
    """
    CREATE TABLE territories (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        CONSTRAINT pk_territories PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_territories_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_territories_name CHECK (name <> '' AND code <> '')
    )
    """,
    """
    CREATE TABLE employees (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        department_id uuid NOT NULL,
        manager_id uuid,
        territory_id uuid,
        subject text,
        active boolean NOT NULL,
        left_on date,
        leave_reason text,
        CONSTRAINT pk_employees PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_employees_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT uq_employees_tenant_id_subject UNIQUE (tenant_id, subject),
        CONSTRAINT fk_employees_tenant_id_department_id
            FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, id),
        CONSTRAINT fk_employees_tenant_id_manager_id
            FOREIGN KEY (tenant_id, manager_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_employees_tenant_id_territory_id
            FOREIGN KEY (tenant_id, territory_id) REFERENCES territories (tenant_id, id),
        CONSTRAINT ck_employees_name CHECK (name <> '' AND code <> ''),
        CONSTRAINT ck_employees_manager CHECK (manager_id <> id),
        CONSTRAINT ck_employees_left CHECK (
            num_nulls(left_on, leave_reason) = CASE WHEN active THEN 2 ELSE 0 END
        )
    )
    """,
    """
    CREATE TABLE customers (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        kind text NOT NULL,
        code text,
        external_ref text,
        name text NOT NULL,
        roles text[] NOT NULL,
        parent_id uuid,
        owner_id uuid,
        department_id uuid,
        state text NOT NULL,
        industry text,
        country text,
        source text,
        founded_year integer,
        employee_count integer,
        annual_revenue numeric(18, 2),
        annual_revenue_currency text,
        created_on date NOT NULL,
        promoted_on date,
        ended_on date,
        end_reason text,
        value_grade text,
        value_score numeric(9, 4),
        value_sequence integer,
        CONSTRAINT pk_customers PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_customers_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT uq_customers_tenant_id_external_ref UNIQUE (tenant_id, external_ref),
        CONSTRAINT fk_customers_tenant_id_parent_id
            FOREIGN KEY (tenant_id, parent_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_customers_tenant_id_owner_id
            FOREIGN KEY (tenant_id, owner_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT fk_customers_tenant_id_department_id
            FOREIGN KEY (tenant_id, department_id) REFERENCES departments (tenant_id, id),
        CONSTRAINT ck_customers_kind CHECK (kind IN ('organisation', 'person')),
        CONSTRAINT ck_customers_name CHECK (name <> ''),
        CONSTRAINT ck_customers_roles CHECK (
            cardinality(roles) > 0
            AND roles <@ ARRAY['consumer', 'merchant', 'distributor', 'franchisee', 'supplier',
                               'partner', 'internal', 'public_body']
        ),
        CONSTRAINT ck_customers_parent CHECK (parent_id <> id),
        CONSTRAINT ck_customers_pool CHECK ((owner_id IS NULL) = (department_id IS NULL)),
        CONSTRAINT ck_customers_state CHECK (
            state IN ('prospect', 'trade', 'former')
            AND (state <> 'prospect' OR promoted_on IS NULL)
            AND (state <> 'trade' OR promoted_on IS NOT NULL)
        ),
        CONSTRAINT ck_customers_ended CHECK (
            num_nulls(ended_on, end_reason) = CASE WHEN state = 'former' THEN 0 ELSE 2 END
        ),
        CONSTRAINT ck_customers_dates CHECK (
            promoted_on >= created_on AND ended_on >= COALESCE(promoted_on, created_on)
        ),
        CONSTRAINT ck_customers_revenue CHECK (
            (annual_revenue IS NULL) = (annual_revenue_currency IS NULL)
        ),
        CONSTRAINT ck_customers_value CHECK (
            num_nulls(value_grade, value_score, value_sequence) IN (0, 3)
        )
    )
    """,
    """
    CREATE TABLE contacts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        customer_id uuid NOT NULL,
        external_ref text,
        name text NOT NULL,
        title text,
        buying_role text,
        phone text,
        mobile text,
        email text,
        is_primary boolean NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_contacts PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_contacts_tenant_id_external_ref UNIQUE (tenant_id, external_ref),
        CONSTRAINT fk_contacts_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_contacts_name CHECK (name <> ''),
        CONSTRAINT ck_contacts_buying_role CHECK (
            buying_role IN ('handler', 'business_contact', 'decision_maker')
        ),
        CONSTRAINT ck_contacts_primary CHECK (active OR NOT is_primary)
    )
    """,
)

INDEXES = (
    "ix_departments_name ON departments (tenant_id, name, id)",
    "ix_departments_parent ON departments (tenant_id, parent_id)",
    "ix_territories_name ON territories (tenant_id, name, id)",
    "ix_employees_name ON employees (tenant_id, name, id)",
    "ix_employees_department ON employees (tenant_id, department_id, code, id)",
    "ix_employees_manager ON employees (tenant_id, manager_id)",
    "ix_employees_territory ON employees (tenant_id, territory_id)",
    "ix_customers_name ON customers (tenant_id, name, id)",
    "ix_customers_created_at ON customers (tenant_id, created_at, id)",
    "ix_customers_owner ON customers (tenant_id, owner_id, name, id)",
    "ix_customers_department ON customers (tenant_id, department_id, name, id)",
    "ix_customers_state ON customers (tenant_id, state, name, id)",
    "ix_customers_parent ON customers (tenant_id, parent_id)",
    "ix_contacts_customer ON contacts (tenant_id, customer_id, name, id)",
    "ix_contacts_name ON contacts (tenant_id, name, id)",
)


def upgrade() -> None:
    create_kernel_tables(op)
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    op.execute(
        "CREATE UNIQUE INDEX uq_contacts_primary ON contacts (tenant_id, customer_id) "
        "WHERE is_primary"
    )
    for table in ("departments", "territories", "employees", "customers", "contacts"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
