"""Add timelines: what happened between a customer and us, in every service."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112250"
down_revision = "2026112233"

ENTRIES = """
    CREATE TABLE timeline_entries (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        customer_id uuid NOT NULL,
        kind text NOT NULL,
        type text NOT NULL,
        subject_id uuid NOT NULL,
        title text,
        employee_id uuid,
        actor text NOT NULL,
        is_contact boolean NOT NULL,
        channel text,
        place text,
        minutes integer,
        cost numeric(18, 2),
        currency text,
        happened_on date NOT NULL,
        happened_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_timeline_entries PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_timeline_entries_contact CHECK (is_contact = (channel IS NOT NULL)),
        CONSTRAINT ck_timeline_entries_cost CHECK ((cost IS NULL) = (currency IS NULL))
    )
"""
INDEXES = (
    "INDEX ix_timeline_entries_customer ON timeline_entries "
    "(tenant_id, customer_id, happened_at, id)",
    "INDEX ix_timeline_entries_contacts ON timeline_entries "
    "(tenant_id, customer_id, happened_at, id) WHERE is_contact",
)


def upgrade() -> None:
    op.execute(ENTRIES)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    enable_tenant_security(op, "timeline_entries", rights="SELECT")
    let_worker(op, "timeline_entries", rights="SELECT, INSERT")
