"""Keep archives: what is asked of customers, what is known, from where and how surely (C2)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112260"
down_revision = "2026112250"

AGGREGATE = """
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,"""
TABLES = (
    f"""
    CREATE TABLE profiles ({AGGREGATE}
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        source text,
        kind text,
        roles jsonb NOT NULL,
        sections jsonb NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_profiles PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_profiles_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_profiles_name CHECK (code <> '' AND name_zh <> '' AND name_en <> ''),
        CONSTRAINT ck_profiles_kind CHECK (kind IN ('organisation', 'person')),
        CONSTRAINT ck_profiles_sections CHECK (
            jsonb_typeof(roles) = 'array'
            AND jsonb_typeof(sections) = 'array' AND jsonb_array_length(sections) > 0
        )
    )
    """,
    f"""
    CREATE TABLE fact_definitions ({AGGREGATE}
        type text NOT NULL,
        options jsonb NOT NULL,
        max_length integer,
        profile_id uuid NOT NULL,
        section_code text NOT NULL,
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        source text,
        data_group text NOT NULL,
        sensitive boolean NOT NULL,
        validity_months integer,
        weight numeric(7, 2) NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_fact_definitions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_fact_definitions_tenant_id_profile_id_code
            UNIQUE (tenant_id, profile_id, code),
        CONSTRAINT fk_fact_definitions_tenant_id_profile_id
            FOREIGN KEY (tenant_id, profile_id) REFERENCES profiles (tenant_id, id),
        CONSTRAINT ck_fact_definitions_name CHECK (code <> '' AND name_zh <> '' AND name_en <> ''),
        CONSTRAINT ck_fact_definitions_type CHECK (
            type IN ('text', 'number', 'date', 'choice', 'multi_choice', 'money', 'flag')
            AND (type = 'text') = (max_length IS NOT NULL)
        ),
        CONSTRAINT ck_fact_definitions_group CHECK (
            data_group IN ('descriptive', 'promotion', 'transaction')
        ),
        CONSTRAINT ck_fact_definitions_weight CHECK (weight >= 0 AND validity_months > 0)
    )
    """,
    f"""
    CREATE TABLE fact_sources ({AGGREGATE}
        code text NOT NULL,
        name_zh text NOT NULL,
        name_en text NOT NULL,
        description_zh text,
        description_en text,
        needs_confirmation boolean NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_fact_sources PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_fact_sources_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_fact_sources_name CHECK (code <> '' AND name_zh <> '' AND name_en <> '')
    )
    """,
    f"""
    CREATE TABLE archives ({AGGREGATE}
        customer_id uuid NOT NULL,
        completeness numeric(5, 2) NOT NULL,
        CONSTRAINT pk_archives PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_archives_tenant_id_customer_id UNIQUE (tenant_id, customer_id),
        CONSTRAINT fk_archives_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT ck_archives_completeness CHECK (completeness BETWEEN 0 AND 100)
    )
    """,
    f"""
    CREATE TABLE facts ({AGGREGATE}
        customer_id uuid NOT NULL,
        definition_id uuid NOT NULL,
        step text NOT NULL,
        value jsonb NOT NULL,
        source_id uuid NOT NULL,
        source_note text,
        known_on date NOT NULL,
        entered_by text NOT NULL,
        verified_on date,
        verified_by text,
        verified_how text,
        due_on date,
        due_told_at timestamptz,
        ended_at timestamptz,
        ended_by text,
        end_step text,
        end_reason text,
        CONSTRAINT pk_facts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_facts_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
        CONSTRAINT fk_facts_tenant_id_definition_id
            FOREIGN KEY (tenant_id, definition_id) REFERENCES fact_definitions (tenant_id, id),
        CONSTRAINT fk_facts_tenant_id_source_id
            FOREIGN KEY (tenant_id, source_id) REFERENCES fact_sources (tenant_id, id),
        CONSTRAINT ck_facts_step CHECK (step IN ('recorded', 'corrected', 'confirmed')),
        CONSTRAINT ck_facts_value CHECK (jsonb_typeof(value) <> 'null'),
        CONSTRAINT ck_facts_verified CHECK (
            num_nulls(verified_on, verified_by, verified_how) IN (0, 3)
            AND (verified_on IS NULL OR verified_on >= known_on)
        ),
        CONSTRAINT ck_facts_ended CHECK (
            num_nulls(ended_at, ended_by, end_step) IN (0, 3)
            AND (ended_at IS NOT NULL OR end_reason IS NULL)
            AND (end_step IS NULL OR end_step IN ('corrected', 'confirmed', 'withdrawn'))
            AND (end_step IS DISTINCT FROM 'withdrawn' OR end_reason IS NOT NULL)
        )
    )
    """,
)
INDEXES = (
    "INDEX ix_profiles_code ON profiles (tenant_id, code, id)",
    "INDEX ix_fact_definitions_code ON fact_definitions (tenant_id, code, id)",
    "INDEX ix_fact_sources_code ON fact_sources (tenant_id, code, id)",
    "INDEX ix_archives_completeness ON archives (tenant_id, completeness, customer_id)",
    "UNIQUE INDEX uq_facts_current ON facts (tenant_id, customer_id, definition_id) "
    "WHERE ended_at IS NULL",
    "INDEX ix_facts_due ON facts (tenant_id, due_on, id) WHERE ended_at IS NULL",
    "INDEX ix_facts_untold ON facts (tenant_id, due_on, id) "
    "WHERE ended_at IS NULL AND due_told_at IS NULL",
    "INDEX ix_facts_customer ON facts (tenant_id, customer_id, created_at, id)",
    "INDEX ix_facts_definition ON facts (tenant_id, definition_id, created_at, id)",
    "INDEX ix_facts_created_at ON facts (tenant_id, created_at, id)",
)
ENDING = "version, updated_at, due_on, due_told_at, ended_at, ended_by, end_step, end_reason"


def upgrade() -> None:
    # New tables only: the locks on `customers` for the foreign keys are short, nothing is scanned.
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    for table in ("profiles", "fact_definitions", "fact_sources", "archives"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "facts", rights="SELECT, INSERT")
    # What was known is history: a version can end and fall due, and not be changed.
    op.execute(f"GRANT UPDATE ({ENDING}) ON facts TO kehu_app")
