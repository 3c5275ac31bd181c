"""Let methods have versions, stages a gate, and opportunities a whole life (S1, S2, S3)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.personal import PERSONAL

revision = "2026112410"
down_revision = "2026112402"

COLUMNS = (
    """
    ALTER TABLE methods
        ADD COLUMN stages_version integer NOT NULL DEFAULT 1, ADD COLUMN stages_since timestamptz
    """,
    """
    ALTER TABLE opportunities
        ADD COLUMN method_version integer NOT NULL DEFAULT 1,
        ADD COLUMN stage_kind text,
        ADD COLUMN stage_due_on date,
        ADD COLUMN stage_overdue_told boolean NOT NULL DEFAULT false,
        ADD COLUMN reported_by_id uuid,
        ADD COLUMN reporter_role text,
        ADD COLUMN need_kind text,
        ADD COLUMN competitor text,
        ADD COLUMN competitor_id uuid,
        ADD COLUMN need_confirmed_on date,
        ADD COLUMN feasibility_passed_on date,
        ADD COLUMN solution_accepted_on date,
        ADD COLUMN confirmed_on date,
        ADD COLUMN confirmation text,
        ADD COLUMN confirmation_template_id uuid,
        ADD COLUMN confirmation_answers jsonb,
        ADD COLUMN buying_committee jsonb NOT NULL DEFAULT '[]'
    """,
    """
    ALTER TABLE opportunity_stages
        ADD COLUMN opportunity_version integer, ADD COLUMN manner text, ADD COLUMN reason text,
        ADD COLUMN override_reason text
    """,
)
TABLES = (
    """
    CREATE TABLE method_versions (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        method_id uuid NOT NULL,
        number integer NOT NULL,
        stages jsonb NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_until timestamptz NOT NULL,
        superseded_by text NOT NULL,
        CONSTRAINT pk_method_versions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_method_versions_tenant_id_method_id_number
            UNIQUE (tenant_id, method_id, number),
        CONSTRAINT fk_method_versions_tenant_id_method_id
            FOREIGN KEY (tenant_id, method_id) REFERENCES methods (tenant_id, id),
        CONSTRAINT ck_method_versions_number CHECK (number > 0),
        CONSTRAINT ck_method_versions_valid CHECK (valid_until >= valid_from)
    )
    """,
    """
    CREATE TABLE opportunity_pool_moves (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        opportunity_id uuid NOT NULL,
        opportunity_version integer NOT NULL,
        move text NOT NULL,
        moved_on date NOT NULL,
        reason text,
        status text NOT NULL,
        stage_code text,
        owner_id uuid,
        closed_on date,
        close_reason text,
        competitor text,
        moved_by text NOT NULL,
        CONSTRAINT pk_opportunity_pool_moves PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunity_pool_moves_version
            UNIQUE (tenant_id, opportunity_id, opportunity_version),
        CONSTRAINT fk_opportunity_pool_moves_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_opportunity_pool_moves_move CHECK (
            move = 'pooled' AND reason IS NOT NULL AND status <> 'pooled'
            OR move = 'taken_up' AND owner_id IS NOT NULL AND status = 'pooled'
        )
    )
    """,
    """
    CREATE TABLE confirmation_templates (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        required_fields jsonb NOT NULL,
        questions jsonb NOT NULL,
        active boolean NOT NULL,
        CONSTRAINT pk_confirmation_templates PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_confirmation_templates_tenant_id_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_confirmation_templates_name CHECK (name <> '' AND code <> ''),
        CONSTRAINT ck_confirmation_templates_proof CHECK (
            jsonb_array_length(required_fields) + jsonb_array_length(questions) > 0
        )
    )
    """,
    "CREATE INDEX ix_confirmation_templates_name ON confirmation_templates (tenant_id, name, id)",
)
OPPORTUNITIES = {
    "state": """
        status IN ('not_evaluated', 'in_evaluation', 'in_progress', 'evaluation_failed', 'won',
            'lost', 'pooled')
    """,
    "pooled": "status <> 'pooled' OR num_nonnulls(owner_id, department_id, confirmed_on) = 0",
    "stage_kind": """
        stage_kind IS NULL
        OR stage_kind IN ('potential', 'effective', 'feasible', 'target', 'successful')
            AND stage_code IS NOT NULL AND (stage_kind <> 'successful' OR status = 'won')
    """,
    "stage_due": "stage_code IS NOT NULL OR stage_due_on IS NULL AND NOT stage_overdue_told",
    "method_version": "method_version > 0",
    "reporter_role": """
        reporter_role IN ('account_manager', 'maintenance', 'order_acceptance', 'analyst',
            'manager', 'other')
    """,
    "need_kind": "need_kind IN ('explicit', 'latent')",
    "confirmation": """
        confirmation IS NULL AND confirmed_on IS NULL AND confirmation_template_id IS NULL
        OR confirmation = 'formal_request' AND confirmed_on IS NOT NULL
            AND confirmation_template_id IS NULL
        OR confirmation = 'template' AND confirmed_on IS NOT NULL
            AND confirmation_template_id IS NOT NULL
    """,
    "confirmed_on": "confirmed_on >= opened_on",
}
"""What holds of every opportunity; looked at in a transaction of its own, the next revision."""

FORGETTING = {"opportunities", "opportunity_stages", "opportunity_pool_moves"}


def upgrade() -> None:
    for statement in COLUMNS + TABLES:
        op.execute(statement)
    for name, condition in OPPORTUNITIES.items():
        op.execute(
            f"ALTER TABLE opportunities ADD CONSTRAINT ck_opportunities_{name} "
            f"CHECK ({condition}) NOT VALID"
        )
    # Wider than before: `ck_opportunities_state` takes its place.
    op.execute("ALTER TABLE opportunities DROP CONSTRAINT ck_opportunities_status")
    enable_tenant_security(op, "method_versions", rights="SELECT, INSERT")
    enable_tenant_security(op, "opportunity_pool_moves", rights="SELECT, INSERT")
    enable_tenant_security(op, "confirmation_templates", rights="SELECT, INSERT, UPDATE")
    forget(op, [one for one in PERSONAL if one.table in FORGETTING])
