"""Create the tables of the sales service."""

from alembic import op

from kehu_kernel.migrations import create_kernel_tables, enable_tenant_security

revision = "2026112120"
down_revision = None

TABLES = (
    """
    CREATE TABLE customer_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        state text NOT NULL,
        sequence integer NOT NULL,
        CONSTRAINT pk_customer_refs PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_customer_refs_state CHECK (state IN ('prospect', 'trade', 'former'))
    )
    """,
    """
    CREATE TABLE products (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        series text,
        unit text,
        list_price numeric(18, 2) NOT NULL,
        list_price_currency text NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_products PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_products_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_products_name CHECK (name <> '' AND code <> ''),
        CONSTRAINT ck_products_list_price CHECK (list_price >= 0)
    )
    """,
    """
    CREATE TABLE methods (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        is_default boolean NOT NULL,
        active boolean NOT NULL,
        stages jsonb NOT NULL,
        CONSTRAINT pk_methods PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_methods_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_methods_name CHECK (name <> '' AND code <> ''),
        CONSTRAINT ck_methods_default CHECK (active OR NOT is_default),
        CONSTRAINT ck_methods_stages CHECK (
            jsonb_typeof(stages) = 'array' AND jsonb_array_length(stages) > 0
        )
    )
    """,
    """
    CREATE TABLE opportunities (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        topic text NOT NULL,
        customer_id uuid,
        contact_id uuid,
        owner_id uuid,
        department_id uuid,
        source text,
        lead_id uuid,
        external_ref text,
        interest text,
        need text,
        expected_close_on date,
        method_id uuid NOT NULL,
        status text NOT NULL,
        evaluator_id uuid,
        evaluation_round integer NOT NULL,
        stage_code text,
        stage_name text,
        stage_position integer,
        success_rate integer,
        stage_entered_on date,
        expected_revenue numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        lines jsonb NOT NULL,
        opened_on date NOT NULL,
        last_step_on date NOT NULL,
        closed_on date,
        close_reason text,
        won_amount numeric(18, 2),
        CONSTRAINT pk_opportunities PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunities_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_opportunities_tenant_id_external_ref UNIQUE (tenant_id, external_ref),
        CONSTRAINT fk_opportunities_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT fk_opportunities_tenant_id_method_id
            FOREIGN KEY (tenant_id, method_id) REFERENCES methods (tenant_id, id),
        CONSTRAINT ck_opportunities_topic CHECK (topic <> ''),
        CONSTRAINT ck_opportunities_interest CHECK (interest IN ('low', 'medium', 'high')),
        CONSTRAINT ck_opportunities_status CHECK (status IN (
            'not_evaluated', 'in_evaluation', 'in_progress', 'evaluation_failed', 'won', 'lost'
        )),
        CONSTRAINT ck_opportunities_evaluator CHECK (
            (status = 'in_evaluation') = (evaluator_id IS NOT NULL)
        ),
        CONSTRAINT ck_opportunities_stage CHECK (
            num_nulls(stage_code, stage_name, stage_position, success_rate, stage_entered_on)
            = CASE WHEN status IN ('in_progress', 'won', 'lost') THEN 0 ELSE 5 END
        ),
        CONSTRAINT ck_opportunities_success_rate CHECK (success_rate BETWEEN 0 AND 100),
        CONSTRAINT ck_opportunities_closed CHECK (
            num_nulls(closed_on, close_reason)
            = CASE WHEN status IN ('won', 'lost') THEN 0 ELSE 2 END
        ),
        CONSTRAINT ck_opportunities_won CHECK (
            (status = 'won') = (won_amount IS NOT NULL)
            AND (status <> 'won' OR customer_id IS NOT NULL)
        ),
        CONSTRAINT ck_opportunities_days CHECK (
            last_step_on >= opened_on AND stage_entered_on >= opened_on
            AND closed_on >= stage_entered_on
        )
    )
    """,
    """
    CREATE TABLE opportunity_evaluations (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        opportunity_id uuid NOT NULL,
        round integer NOT NULL,
        evaluator_id uuid NOT NULL,
        result text NOT NULL,
        next_evaluator_id uuid,
        comment text,
        decided_on date NOT NULL,
        decided_by text NOT NULL,
        CONSTRAINT pk_opportunity_evaluations PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunity_evaluations_tenant_id_opportunity_id_round
            UNIQUE (tenant_id, opportunity_id, round),
        CONSTRAINT fk_opportunity_evaluations_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_opportunity_evaluations_result CHECK (
            result IN ('pass', 'pass_to_next', 'reject', 'fail')
        ),
        CONSTRAINT ck_opportunity_evaluations_next CHECK (
            (result = 'pass_to_next') = (next_evaluator_id IS NOT NULL)
        )
    )
    """,
    """
    CREATE TABLE opportunity_stages (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        opportunity_id uuid NOT NULL,
        position integer NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        success_rate integer NOT NULL,
        planned_days integer NOT NULL,
        entered_on date NOT NULL,
        entered_by text NOT NULL,
        CONSTRAINT pk_opportunity_stages PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunity_stages_tenant_id_opportunity_id_position
            UNIQUE (tenant_id, opportunity_id, position),
        CONSTRAINT fk_opportunity_stages_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_opportunity_stages_ranges CHECK (
            position > 0 AND planned_days >= 0 AND success_rate BETWEEN 0 AND 100
        )
    )
    """,
    """
    CREATE TABLE activities (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        kind text NOT NULL,
        topic text NOT NULL,
        content text,
        opportunity_id uuid,
        stage_code text,
        customer_id uuid,
        employee_id uuid,
        occurred_on date NOT NULL,
        CONSTRAINT pk_activities PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_activities_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_activities_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_activities_kind CHECK (
            kind IN ('visit', 'call', 'meeting', 'email', 'other')
        ),
        CONSTRAINT ck_activities_topic CHECK (topic <> ''),
        CONSTRAINT ck_activities_stage CHECK (stage_code IS NULL OR opportunity_id IS NOT NULL)
    )
    """,
    """
    CREATE TABLE tasks (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        topic text NOT NULL,
        content text,
        opportunity_id uuid,
        stage_code text,
        customer_id uuid,
        assignee_id uuid,
        status text NOT NULL,
        due_on date,
        started_on date,
        finished_on date,
        CONSTRAINT pk_tasks PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_tasks_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_tasks_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_tasks_topic CHECK (topic <> ''),
        CONSTRAINT ck_tasks_stage CHECK (stage_code IS NULL OR opportunity_id IS NOT NULL),
        CONSTRAINT ck_tasks_status CHECK (status IN ('open', 'in_progress', 'completed')),
        CONSTRAINT ck_tasks_assignee CHECK ((status = 'open') = (assignee_id IS NULL)),
        CONSTRAINT ck_tasks_completed CHECK (
            num_nulls(started_on, finished_on) = CASE WHEN status = 'completed' THEN 0 ELSE 2 END
            AND finished_on >= started_on
        )
    )
    """,
    """
    CREATE TABLE quotes (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        opportunity_id uuid NOT NULL,
        stage_code text,
        customer_id uuid,
        owner_id uuid,
        lines jsonb NOT NULL,
        total numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        quoted_on date NOT NULL,
        expires_on date,
        CONSTRAINT pk_quotes PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_quotes_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_quotes_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_quotes_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_quotes_lines CHECK (
            jsonb_typeof(lines) = 'array' AND jsonb_array_length(lines) > 0
        ),
        CONSTRAINT ck_quotes_expires CHECK (expires_on >= quoted_on)
    )
    """,
)

INDEXES = (
    "CREATE INDEX ix_products_name ON products (tenant_id, name, id)",
    "CREATE UNIQUE INDEX ix_methods_default ON methods (tenant_id) WHERE is_default",
    "CREATE INDEX ix_methods_name ON methods (tenant_id, name, id)",
    "CREATE INDEX ix_opportunities_created_at ON opportunities (tenant_id, created_at, id)",
    "CREATE INDEX ix_opportunities_expected_close_on "
    "ON opportunities (tenant_id, expected_close_on, id)",
    "CREATE INDEX ix_opportunities_expected_revenue "
    "ON opportunities (tenant_id, expected_revenue, id)",
    "CREATE INDEX ix_opportunities_status ON opportunities (tenant_id, status, created_at, id)",
    "CREATE INDEX ix_opportunities_customer "
    "ON opportunities (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_opportunities_owner ON opportunities (tenant_id, owner_id, created_at, id)",
    "CREATE INDEX ix_opportunities_method ON opportunities (tenant_id, method_id, status)",
    "CREATE INDEX ix_activities_occurred_on ON activities (tenant_id, occurred_on, id)",
    "CREATE INDEX ix_activities_opportunity ON activities (tenant_id, opportunity_id, stage_code)",
    "CREATE INDEX ix_activities_customer ON activities (tenant_id, customer_id, occurred_on, id)",
    "CREATE INDEX ix_tasks_created_at ON tasks (tenant_id, created_at, id)",
    "CREATE INDEX ix_tasks_due_on ON tasks (tenant_id, due_on, id)",
    "CREATE INDEX ix_tasks_opportunity ON tasks (tenant_id, opportunity_id, stage_code)",
    "CREATE INDEX ix_tasks_assignee ON tasks (tenant_id, assignee_id, status)",
    "CREATE INDEX ix_quotes_created_at ON quotes (tenant_id, created_at, id)",
    "CREATE INDEX ix_quotes_opportunity ON quotes (tenant_id, opportunity_id, stage_code)",
    "CREATE INDEX ix_quotes_customer ON quotes (tenant_id, customer_id, created_at, id)",
)

CHANGING = ("customer_refs", "products", "methods", "opportunities", "tasks")
APPEND_ONLY = ("opportunity_evaluations", "opportunity_stages", "activities", "quotes")


def upgrade() -> None:
    create_kernel_tables(op)
    for statement in TABLES + INDEXES:
        op.execute(statement)
    for table in CHANGING:
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    for table in APPEND_ONLY:
        enable_tenant_security(op, table, rights="SELECT, INSERT")
