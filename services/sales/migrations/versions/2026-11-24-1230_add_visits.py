"""Add visits and the visit policy (S5)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security

revision = "2026112430"
down_revision = "2026112414"

TABLES = (
    """
    CREATE TABLE visit_policies (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        types jsonb NOT NULL,
        limits jsonb NOT NULL,
        CONSTRAINT pk_visit_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_visit_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_visit_policies_types CHECK (jsonb_typeof(types) = 'array')
    )
    """,
    """
    CREATE TABLE visits (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        type_code text NOT NULL,
        customer_id uuid NOT NULL,
        opportunity_id uuid,
        contact_ids uuid[] NOT NULL,
        purpose text NOT NULL,
        customer_value text,
        mode text NOT NULL,
        host text NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        place text,
        city text,
        business_trip boolean NOT NULL,
        owner_id uuid,
        department_id uuid,
        observer_ids uuid[] NOT NULL,
        remind_minutes integer,
        remind_at timestamptz,
        reminded_at timestamptz,
        status text NOT NULL,
        approval_needed boolean NOT NULL,
        decided_by text,
        decided_at timestamptz,
        decision_note text,
        checklist jsonb NOT NULL,
        checked_in_at timestamptz,
        latitude double precision,
        longitude double precision,
        accuracy_m double precision,
        ended_at timestamptz,
        superior_told_at timestamptz,
        report_hours integer NOT NULL,
        report_due_at timestamptz,
        overdue_told_at timestamptz,
        reported_at timestamptz,
        summary text,
        introduction_minutes integer,
        listened_minutes integer,
        asked_minutes integer,
        presented_minutes integer,
        phase text,
        behaviour_stage integer,
        potential_buyer boolean,
        needs text,
        next_need_on date,
        next_need_quantity numeric(18, 2),
        proposed text,
        proposals jsonb,
        commitments jsonb,
        market_assessment jsonb,
        refusal_degree text,
        refusal_reason text,
        next_step text,
        next_step_on date,
        travel_minutes integer,
        cost numeric(18, 2),
        currency text,
        activity_id uuid,
        follow_up_task_id uuid,
        closed_at timestamptz,
        cancel_reason text,
        CONSTRAINT pk_visits PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_visits_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_visits_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_visits_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT fk_visits_tenant_id_activity_id
            FOREIGN KEY (tenant_id, activity_id) REFERENCES activities (tenant_id, id),
        CONSTRAINT fk_visits_tenant_id_follow_up_task_id
            FOREIGN KEY (tenant_id, follow_up_task_id) REFERENCES tasks (tenant_id, id),
        CONSTRAINT ck_visits_status CHECK (status IN (
            'planned', 'in_approval', 'approved', 'checked_in', 'done', 'reported', 'closed',
            'cancelled'
        )),
        CONSTRAINT ck_visits_words CHECK (
            purpose <> '' AND mode IN ('appointment', 'unannounced')
            AND host IN ('large_company', 'individual', 'shop', 'other')
            AND phase IN ('opening', 'inquiry', 'proposal', 'next_step')
            AND proposed IN ('nothing', 'proposal', 'quote', 'contract')
        ),
        CONSTRAINT ck_visits_times CHECK (ends_at > starts_at AND ended_at >= checked_in_at),
        CONSTRAINT ck_visits_approved CHECK (
            status NOT IN ('approved', 'checked_in', 'done', 'reported', 'closed')
            OR NOT approval_needed OR decided_at IS NOT NULL
        ),
        CONSTRAINT ck_visits_checked_in CHECK (
            (status IN ('checked_in', 'done', 'reported', 'closed')) = (checked_in_at IS NOT NULL)
        ),
        CONSTRAINT ck_visits_ended CHECK (
            num_nulls(ended_at, report_due_at)
            = CASE WHEN status IN ('done', 'reported', 'closed') THEN 0 ELSE 2 END
        ),
        CONSTRAINT ck_visits_reported CHECK (
            num_nulls(reported_at, summary, activity_id)
            = CASE WHEN status IN ('reported', 'closed') THEN 0 ELSE 3 END
        ),
        CONSTRAINT ck_visits_closed CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
        CONSTRAINT ck_visits_cancelled CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
        CONSTRAINT ck_visits_position CHECK (
            num_nulls(latitude, longitude) IN (0, 2)
            AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180
            AND accuracy_m >= 0
        ),
        CONSTRAINT ck_visits_numbers CHECK (
            behaviour_stage BETWEEN 1 AND 4 AND report_hours > 0 AND remind_minutes >= 0
            AND introduction_minutes >= 0 AND listened_minutes >= 0 AND asked_minutes >= 0
            AND presented_minutes >= 0 AND travel_minutes >= 0 AND next_need_quantity >= 0
        ),
        CONSTRAINT ck_visits_refusal CHECK (
            num_nulls(refusal_degree, refusal_reason) IN (0, 2)
            AND refusal_degree IN ('firm', 'not_firm')
            AND refusal_reason IN ('cannot_afford', 'does_not_want')
        ),
        CONSTRAINT ck_visits_next_step CHECK (next_step_on IS NULL OR next_step IS NOT NULL),
        CONSTRAINT ck_visits_cost CHECK (
            cost >= 0 AND currency IS NOT NULL OR cost IS NULL AND currency IS NULL
        ),
        CONSTRAINT ck_visits_remind CHECK (num_nulls(remind_minutes, remind_at) IN (0, 2))
    )
    """,
)

INDEXES = (
    "CREATE INDEX ix_visits_starts_at ON visits (tenant_id, starts_at, id)",
    "CREATE INDEX ix_visits_owner ON visits (tenant_id, owner_id, starts_at)",
    "CREATE INDEX ix_visits_customer ON visits (tenant_id, customer_id, starts_at, id)",
    "CREATE INDEX ix_visits_opportunity ON visits (tenant_id, opportunity_id)",
    "CREATE INDEX ix_visits_department ON visits (tenant_id, department_id, starts_at)",
    "CREATE INDEX ix_visits_remind ON visits (tenant_id, remind_at) "
    "WHERE remind_at IS NOT NULL AND reminded_at IS NULL",
    "CREATE INDEX ix_visits_report_due ON visits (tenant_id, report_due_at) "
    "WHERE status = 'done' AND overdue_told_at IS NULL",
)


def upgrade() -> None:
    for statement in (*TABLES, *INDEXES):
        op.execute(statement)
    enable_tenant_security(op, "visit_policies", rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "visits", rights="SELECT, INSERT, UPDATE")
