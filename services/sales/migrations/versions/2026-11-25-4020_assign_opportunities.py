"""Assign opportunities by rules, and keep why (S15)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112542"
down_revision = "2026112541"

TABLES = (
    """
    CREATE TABLE assignment_rules (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        name text NOT NULL,
        position integer NOT NULL,
        active boolean NOT NULL,
        automatic boolean NOT NULL,
        way text NOT NULL,
        territory_ids jsonb NOT NULL,
        categories jsonb NOT NULL,
        sources jsonb NOT NULL,
        amount_from numeric(18, 2),
        amount_below numeric(18, 2),
        currency text,
        employee_ids jsonb NOT NULL,
        department_id uuid,
        language text,
        min_level integer NOT NULL,
        max_load numeric(18, 2),
        weights jsonb NOT NULL,
        CONSTRAINT pk_assignment_rules PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_assignment_rules_way CHECK (
            way IN ('territory', 'skill', 'least_load', 'round_robin', 'named')
            AND (way = 'territory' OR department_id IS NOT NULL OR employee_ids <> '[]')
        ),
        CONSTRAINT ck_assignment_rules_numbers CHECK (
            amount_from >= 0 AND amount_below >= 0 AND max_load >= 0 AND min_level BETWEEN 1 AND 5
        )
    )
    """,
    """
    CREATE TABLE assignees (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        employee_id uuid NOT NULL,
        skills jsonb NOT NULL,
        max_load numeric(18, 2),
        suspended boolean NOT NULL,
        leaves jsonb NOT NULL,
        CONSTRAINT pk_assignees PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_assignees_tenant_id_employee_id UNIQUE (tenant_id, employee_id),
        CONSTRAINT ck_assignees_max_load CHECK (max_load >= 0)
    )
    """,
    """
    CREATE TABLE assignment_turns (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        last_employee_id uuid NOT NULL,
        CONSTRAINT pk_assignment_turns PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_assignment_turns_tenant_id_id
            FOREIGN KEY (tenant_id, id) REFERENCES assignment_rules (tenant_id, id)
    )
    """,
    """
    CREATE TABLE opportunity_assignments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        opportunity_id uuid NOT NULL,
        rule_id uuid,
        employee_id uuid,
        explanation jsonb NOT NULL,
        assigned_at timestamptz NOT NULL,
        assigned_by text NOT NULL,
        CONSTRAINT pk_opportunity_assignments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_opportunity_assignments_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_opportunity_assignments_chosen CHECK (
            num_nulls(rule_id, employee_id) IN (0, 2)
        )
    )
    """,
    "CREATE INDEX ix_assignment_rules_position ON assignment_rules (tenant_id, position, id)",
    "CREATE UNIQUE INDEX uq_assignment_rules_position ON assignment_rules (tenant_id, position) "
    "WHERE active",
    "CREATE INDEX ix_assignees_created_at ON assignees (tenant_id, created_at, id)",
    "CREATE INDEX ix_opportunity_assignments_opportunity "
    "ON opportunity_assignments (tenant_id, opportunity_id, id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("assignment_rules", "assignees", "assignment_turns"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "opportunity_assignments", rights="SELECT, INSERT")
    limit_to_visible(op, "opportunity_assignments", opportunities="opportunity_id")
    forget(op, [one for one in PERSONAL if one.table == "opportunity_assignments"])
