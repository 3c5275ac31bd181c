"""Grading schemes, assessments, and the grade of opportunities (S4)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker
from kehu_sales.directory.rows import limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112531"
down_revision = "2026112530"

TABLES = (
    """
    CREATE TABLE grading_schemes (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        content jsonb NOT NULL,
        matrix jsonb,
        consistency_ratio numeric(8, 4),
        largest_ratio numeric(8, 4) NOT NULL,
        CONSTRAINT pk_grading_schemes PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_grading_schemes_tenant_id UNIQUE (tenant_id)
    )
    """,
    """
    CREATE TABLE grading_scheme_versions (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        number integer NOT NULL,
        content jsonb NOT NULL,
        matrix jsonb,
        consistency_ratio numeric(8, 4),
        largest_ratio numeric(8, 4) NOT NULL,
        valid_until timestamptz NOT NULL,
        superseded_by text NOT NULL,
        CONSTRAINT pk_grading_scheme_versions PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_grading_scheme_versions_tenant_id_number UNIQUE (tenant_id, number)
    )
    """,
    """
    CREATE TABLE opportunity_assessments (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        opportunity_id uuid NOT NULL,
        scheme_version integer NOT NULL,
        entered jsonb NOT NULL,
        contract_annual_revenue numeric(18, 2),
        one_off_revenue numeric(18, 2),
        social_influence boolean NOT NULL,
        handling_days integer,
        handled_on date,
        explanation jsonb,
        leader_id uuid,
        leader_role text,
        graded_at timestamptz,
        stale boolean NOT NULL,
        CONSTRAINT pk_opportunity_assessments PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunity_assessments_tenant_id_opportunity_id
            UNIQUE (tenant_id, opportunity_id),
        CONSTRAINT fk_opportunity_assessments_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id)
    )
    """,
    """
    CREATE TABLE grading_walks (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        after_id uuid NOT NULL,
        CONSTRAINT pk_grading_walks PRIMARY KEY (tenant_id, id)
    )
    """,
    """
    CREATE INDEX ix_opportunity_assessments_stale
        ON opportunity_assessments (tenant_id, opportunity_id) WHERE stale
    """,
)
RIGHTS = {
    "grading_schemes": "SELECT, INSERT, UPDATE",
    "grading_scheme_versions": "SELECT, INSERT",
    "grading_walks": "SELECT, INSERT, UPDATE, DELETE",
    "opportunity_assessments": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table, rights in RIGHTS.items():
        enable_tenant_security(op, table, rights=rights)
    let_worker(op, "grading_walks", rights="SELECT")
    let_worker(op, "opportunity_assessments", rights="SELECT, UPDATE")
    limit_to_visible(op, "opportunity_assessments", opportunities="opportunity_id")
    op.execute(
        """
        ALTER TABLE opportunities
            ADD COLUMN level text,
            ADD COLUMN level_rank integer,
            ADD COLUMN level_score numeric(5, 2),
            ADD COLUMN level_since_on date,
            ADD COLUMN handle_by_on date,
            ADD COLUMN handling_overdue_told boolean NOT NULL DEFAULT false
        """
    )
    forget(op, [one for one in PERSONAL if one.table == "opportunity_assessments"])
