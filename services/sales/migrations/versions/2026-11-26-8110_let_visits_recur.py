"""Let visits recur: the plan of a series (S5)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import ME, OF_VISIBLE, limit_to_mine
from kehu_sales.personal import PERSONAL

revision = "2026112683"
down_revision = "2026112682"

TABLES = (
    """
    CREATE TABLE visit_series (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
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
        recurrence jsonb NOT NULL,
        shift_days integer NOT NULL,
        planned_to date NOT NULL,
        plan_on date,
        CONSTRAINT pk_visit_series PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_visit_series_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_visit_series_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_visit_series_times CHECK (ends_at > starts_at)
    )
    """,
    """
    CREATE INDEX ix_visit_series_due ON visit_series (tenant_id, plan_on, id)
        WHERE plan_on IS NOT NULL
    """,
    "CREATE INDEX ix_visit_series_owner ON visit_series (tenant_id, owner_id)",
    "CREATE INDEX ix_visit_series_customer ON visit_series (tenant_id, customer_id)",
    "CREATE INDEX ix_visit_series_opportunity ON visit_series (tenant_id, opportunity_id)",
)
JOINED = f"visit_series.observer_ids @> ARRAY[{ME}] OR " + OF_VISIBLE.format(
    table="visit_series", parent="opportunities", column="opportunity_id"
)
"""As of each visit: who joins sees it, and who sees the opportunity it is about."""


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    enable_tenant_security(op, "visit_series", rights="SELECT, INSERT, UPDATE")
    limit_to_mine(op, "visit_series", besides=JOINED)
    forget(op, [one for one in PERSONAL if one.table == "visit_series"])
