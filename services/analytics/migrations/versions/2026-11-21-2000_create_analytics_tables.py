"""Create the tables of the analytics service."""

from alembic import op

from kehu_kernel.migrations import create_kernel_tables, enable_tenant_security, let_worker

revision = "2026112120"
down_revision = None

ROUND_HALF_EVEN = """
    CREATE FUNCTION round_half_even(value numeric, places integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN abs(value * 10::numeric ^ places - trunc(value * 10::numeric ^ places)) = 0.5
        THEN round(2 * round(value * 10::numeric ^ places / 2) / 10::numeric ^ places, places)
        ELSE round(value, places)
    END
"""

FACTS = {
    "customer_facts": """
    CREATE TABLE customer_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        kind text NOT NULL,
        code text,
        name text NOT NULL,
        roles text[] NOT NULL,
        parent_id uuid,
        owner_id uuid,
        department_id uuid,
        state text NOT NULL,
        industry text,
        country text,
        source text,
        created_on date NOT NULL,
        promoted_on date,
        ended_on date,
        CONSTRAINT pk_customer_facts PRIMARY KEY (tenant_id, id)
    )
    """,
    "opportunity_facts": """
    CREATE TABLE opportunity_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        number text NOT NULL,
        topic text NOT NULL,
        customer_id uuid,
        owner_id uuid,
        department_id uuid,
        source text,
        lead_id uuid,
        method_id uuid NOT NULL,
        status text NOT NULL,
        stage_code text,
        stage_name text,
        stage_position integer,
        success_rate integer,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        won_amount numeric(18, 2),
        won_currency text,
        expected_close_on date,
        opened_on date NOT NULL,
        closed_on date,
        close_reason text,
        effective_on date NOT NULL,
        CONSTRAINT pk_opportunity_facts PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_opportunity_facts_won CHECK (
            num_nulls(won_amount, won_currency) = CASE status WHEN 'won' THEN 0 ELSE 2 END
        )
    )
    """,
    "opportunity_history": """
    CREATE TABLE opportunity_history (
        tenant_id text NOT NULL,
        opportunity_id uuid NOT NULL,
        sequence bigint NOT NULL,
        status text NOT NULL,
        closed boolean NOT NULL,
        method_id uuid NOT NULL,
        stage_code text,
        stage_name text,
        stage_position integer,
        success_rate integer,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        won_amount numeric(18, 2),
        customer_id uuid,
        owner_id uuid,
        department_id uuid,
        effective_on date NOT NULL,
        valid_to date,
        CONSTRAINT pk_opportunity_history PRIMARY KEY (tenant_id, opportunity_id, sequence)
    )
    """,
    "request_facts": """
    CREATE TABLE request_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        number text NOT NULL,
        customer_id uuid NOT NULL,
        product_file_id uuid,
        priority text NOT NULL,
        channel text NOT NULL,
        status text NOT NULL,
        follower_id uuid,
        required_on date,
        created_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT pk_request_facts PRIMARY KEY (tenant_id, id)
    )
    """,
    "lead_facts": """
    CREATE TABLE lead_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        number text NOT NULL,
        source text NOT NULL,
        customer_id uuid,
        owner_id uuid,
        status text NOT NULL,
        opportunity_id uuid,
        created_on date NOT NULL,
        CONSTRAINT pk_lead_facts PRIMARY KEY (tenant_id, id)
    )
    """,
    "employee_facts": """
    CREATE TABLE employee_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        department_id uuid NOT NULL,
        manager_id uuid,
        territory_id uuid,
        active boolean NOT NULL,
        CONSTRAINT pk_employee_facts PRIMARY KEY (tenant_id, id)
    )
    """,
    "department_facts": """
    CREATE TABLE department_facts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        sequence bigint NOT NULL,
        at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        parent_id uuid,
        path uuid[] NOT NULL,
        CONSTRAINT pk_department_facts PRIMARY KEY (tenant_id, id)
    )
    """,
    "newest_facts": """
    CREATE TABLE newest_facts (
        tenant_id text NOT NULL,
        topic text NOT NULL,
        at timestamptz NOT NULL,
        CONSTRAINT pk_newest_facts PRIMARY KEY (tenant_id, topic)
    ) WITH (fillfactor = 50)
    """,
}

SCORING = {
    "scoring_options": """
    CREATE TABLE scoring_options (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        dimension text NOT NULL,
        currency text,
        intervals jsonb NOT NULL,
        CONSTRAINT pk_scoring_options PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_scoring_options_tenant_id_dimension UNIQUE (tenant_id, dimension),
        CONSTRAINT ck_scoring_options_dimension CHECK (dimension IN (
            'won_amount', 'won_count', 'lost_count', 'win_rate', 'average_deal', 'open_amount',
            'service_request_count'
        )),
        CONSTRAINT ck_scoring_options_currency CHECK (
            (currency IS NOT NULL) = (dimension IN ('won_amount', 'average_deal', 'open_amount'))
        ),
        CONSTRAINT ck_scoring_options_intervals CHECK (jsonb_array_length(intervals) > 0)
    )
    """,
    "grade_schemes": """
    CREATE TABLE grade_schemes (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        grades jsonb NOT NULL,
        CONSTRAINT pk_grade_schemes PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_grade_schemes_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_grade_schemes_grades CHECK (jsonb_array_length(grades) > 0)
    )
    """,
    "value_models": """
    CREATE TABLE value_models (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        name text NOT NULL,
        weights jsonb NOT NULL,
        state text NOT NULL,
        activated_at timestamptz,
        CONSTRAINT pk_value_models PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_value_models_tenant_id_name UNIQUE (tenant_id, name),
        CONSTRAINT ck_value_models_name CHECK (name <> ''),
        CONSTRAINT ck_value_models_state CHECK (state IN ('draft', 'active', 'retired')),
        CONSTRAINT ck_value_models_activated CHECK ((activated_at IS NULL) = (state = 'draft'))
    )
    """,
}

VALUES = {
    "customer_figures": """
    CREATE TABLE customer_figures (
        tenant_id text NOT NULL,
        customer_id uuid NOT NULL,
        won_count integer NOT NULL DEFAULT 0,
        lost_count integer NOT NULL DEFAULT 0,
        request_count integer NOT NULL DEFAULT 0,
        amounts jsonb NOT NULL DEFAULT '{}',
        facts_at timestamptz,
        CONSTRAINT pk_customer_figures PRIMARY KEY (tenant_id, customer_id)
    ) WITH (fillfactor = 70)
    """,
    "customer_values": """
    CREATE TABLE customer_values (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        model_id uuid NOT NULL,
        score numeric(9, 4) NOT NULL,
        grade text NOT NULL,
        inputs jsonb NOT NULL,
        calculated_at timestamptz NOT NULL,
        CONSTRAINT pk_customer_values PRIMARY KEY (tenant_id, id)
    ) WITH (fillfactor = 70)
    """,
    "value_publications": """
    CREATE TABLE value_publications (
        tenant_id text NOT NULL,
        customer_id uuid NOT NULL,
        version integer NOT NULL,
        score numeric(9, 4) NOT NULL,
        grade text NOT NULL,
        CONSTRAINT pk_value_publications PRIMARY KEY (tenant_id, customer_id)
    ) WITH (fillfactor = 70)
    """,
}

INDEXES = (
    "CREATE INDEX ix_opportunity_facts_customer ON opportunity_facts (tenant_id, customer_id)",
    "CREATE INDEX ix_opportunity_facts_closed_on ON opportunity_facts (tenant_id, closed_on, id)",
    """
    CREATE INDEX ix_opportunity_history_open ON opportunity_history (tenant_id, effective_on)
        WHERE NOT closed
    """,
    "CREATE INDEX ix_request_facts_customer ON request_facts (tenant_id, customer_id)",
    """
    CREATE UNIQUE INDEX uq_value_models_active ON value_models (tenant_id)
        WHERE state = 'active'
    """,
    "CREATE INDEX ix_value_models_created_at ON value_models (tenant_id, created_at, id)",
    "CREATE INDEX ix_customer_values_score ON customer_values (tenant_id, score, id)",
    "CREATE INDEX ix_customer_values_grade ON customer_values (tenant_id, grade, score, id)",
)


def upgrade() -> None:
    create_kernel_tables(op)
    op.execute(ROUND_HALF_EVEN)
    for statement in (*FACTS.values(), *SCORING.values(), *VALUES.values(), *INDEXES):
        op.execute(statement)
    # The API reads facts, and may not touch them; configuration is changed by the API alone;
    # values are calculated by both: after a batch of facts, and after a change of the scoring.
    for table in FACTS:
        enable_tenant_security(op, table, rights="SELECT")
        let_worker(op, table)
    for table in SCORING:
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
        let_worker(op, table, rights="SELECT")
    for table in VALUES:
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
        let_worker(op, table)
