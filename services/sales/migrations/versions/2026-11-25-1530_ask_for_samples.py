"""Requests for samples (S8)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, limit_rows
from kehu_sales.directory.rows import ME, MY_PEOPLE, OF_VISIBLE
from kehu_sales.personal import PERSONAL

revision = "2026112530"
down_revision = "2026112522"

TABLE = """
    CREATE TABLE samples (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        opportunity_id uuid NOT NULL,
        customer_id uuid,
        owner_id uuid,
        department_id uuid,
        state text NOT NULL,
        lines jsonb NOT NULL,
        total numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        note text,
        requested_on date NOT NULL,
        due_back_on date,
        delivered_on date,
        stage_code text,
        closed_on date,
        close_reason text,
        CONSTRAINT pk_samples PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_samples_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_samples_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_samples_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_samples_state CHECK (state IN ('requested', 'approved', 'rejected',
            'cancelled', 'delivered', 'returned', 'kept')),
        CONSTRAINT ck_samples_delivered CHECK (
            (state IN ('delivered', 'returned', 'kept')) = (delivered_on IS NOT NULL)
        ),
        CONSTRAINT ck_samples_days CHECK (closed_on >= delivered_on)
    )
"""
INDEXES = (
    "CREATE INDEX ix_samples_created_at ON samples (tenant_id, created_at, id)",
    "CREATE INDEX ix_samples_opportunity ON samples (tenant_id, opportunity_id, stage_code)",
    "CREATE INDEX ix_samples_customer ON samples (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_samples_owner ON samples (tenant_id, owner_id)",
    "CREATE INDEX ix_samples_state ON samples (tenant_id, state, created_at, id)",
)
SEEN = (
    f"{OF_VISIBLE.format(table='samples', parent='opportunities', column='opportunity_id')}"
    f" OR samples.owner_id = ANY ({MY_PEOPLE})"
    " OR EXISTS (SELECT FROM approvals a WHERE a.tenant_id = samples.tenant_id"
    f" AND a.document_id = samples.id AND a.waiting_employee_id = {ME})"
)
"""By who sees the opportunity, by the owner's people, and by whoever is asked to approve."""


def upgrade() -> None:
    op.execute(TABLE)
    for statement in INDEXES:
        op.execute(statement)
    enable_tenant_security(op, "samples", rights="SELECT, INSERT, UPDATE")
    limit_rows(op, "samples", SEEN)
    forget(op, [one for one in PERSONAL if one.table == "samples"])
