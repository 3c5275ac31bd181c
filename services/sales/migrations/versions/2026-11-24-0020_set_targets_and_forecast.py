"""Set targets, and keep what was forecast day by day (S12)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, let_worker, limit_rows
from kehu_sales.directory.rows import (
    MY_DEPARTMENTS,
    MY_PEOPLE,
    limit_audit,
    limit_to_mine,
    limit_to_visible,
)
from kehu_sales.personal import PERSONAL

revision = "2026112402"
down_revision = "2026112401"

AGGREGATE = """
    tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
"""
TABLES = (
    f"""
    CREATE TABLE targets (
        {AGGREGATE},
        period text NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        employee_id uuid,
        department_id uuid,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        note text,
        active boolean NOT NULL,
        CONSTRAINT pk_targets PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_targets_one UNIQUE NULLS NOT DISTINCT
            (tenant_id, period, employee_id, department_id, currency),
        CONSTRAINT ck_targets_subject CHECK (num_nonnulls(employee_id, department_id) = 1),
        CONSTRAINT ck_targets_values CHECK (amount >= 0 AND starts_on <= ends_on)
    )
    """,
    "CREATE INDEX ix_targets_starts_on ON targets (tenant_id, starts_on, id)",
    f"""
    CREATE TABLE forecast_rules (
        {AGGREGATE},
        commit_from integer NOT NULL,
        likely_from integer NOT NULL,
        best_from integer NOT NULL,
        CONSTRAINT pk_forecast_rules PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_forecast_rules_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_forecast_rules_fall CHECK (
            commit_from <= 100 AND commit_from >= likely_from AND likely_from >= best_from
            AND best_from >= 0
        )
    )
    """,
    f"""
    CREATE TABLE forecast_calls (
        {AGGREGATE},
        opportunity_id uuid NOT NULL,
        category text,
        reason text,
        CONSTRAINT pk_forecast_calls PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_forecast_calls_tenant_id_opportunity_id UNIQUE (tenant_id, opportunity_id),
        CONSTRAINT fk_forecast_calls_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT ck_forecast_calls_category
            CHECK (category IN ('commit', 'likely', 'best', 'omitted'))
    )
    """,
    """
    CREATE TABLE forecast_snapshots (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        day date NOT NULL,
        month date NOT NULL,
        owner_id uuid,
        department_id uuid,
        currency text NOT NULL,
        open_count integer NOT NULL,
        won numeric NOT NULL,
        weighted numeric NOT NULL,
        commit_amount numeric NOT NULL,
        likely_amount numeric NOT NULL,
        best_amount numeric NOT NULL,
        CONSTRAINT pk_forecast_snapshots PRIMARY KEY (tenant_id, id)
    )
    """,
    "CREATE INDEX ix_forecast_snapshots_month ON forecast_snapshots (tenant_id, month, day)",
    """
    CREATE TABLE forecast_days (
        tenant_id text NOT NULL,
        day date NOT NULL,
        CONSTRAINT pk_forecast_days PRIMARY KEY (tenant_id, day)
    )
    """,
)
OF_PEOPLE = (
    f"targets.employee_id = ANY ({MY_PEOPLE}) OR targets.department_id = ANY ({MY_DEPARTMENTS})"
)

LIMITED = {
    "opportunity": "opportunities",
    "activity": "activities",
    "task": "tasks",
    "quote": "quotes",
    "target": "targets",
    "forecast-call": "forecast_calls",
}
FREE = ("product", "method", "forecast-rules")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("targets", "forecast_rules", "forecast_calls"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    for table in ("forecast_snapshots", "forecast_days"):
        enable_tenant_security(op, table, rights="SELECT")
        let_worker(op, table, rights="SELECT, INSERT")
    for table in ("methods", "forecast_calls", "forecast_rules"):
        let_worker(op, table, rights="SELECT")
    limit_rows(op, "targets", OF_PEOPLE)
    limit_to_visible(op, "forecast_calls", opportunities="opportunity_id")
    limit_to_mine(op, "forecast_snapshots")
    limit_audit(op, LIMITED, FREE)
    forget(op, [one for one in PERSONAL if one.table == "forecast_calls"])
