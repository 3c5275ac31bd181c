"""Deliver what was sold in projects (S11)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import (
    ME,
    limit_to_mine,
    limit_to_visible,
)
from kehu_sales.personal import PERSONAL

revision = "2026112520"
down_revision = "2026112514"

PROJECTS = """
    CREATE TABLE projects (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        topic text NOT NULL,
        goal text,
        content text,
        customer_id uuid NOT NULL,
        opportunity_id uuid,
        quote_id uuid,
        contract_id uuid,
        owner_id uuid,
        department_id uuid,
        leader_id uuid,
        planned_start_on date,
        planned_end_on date,
        method_id uuid NOT NULL,
        stages jsonb NOT NULL,
        milestones jsonb NOT NULL,
        team jsonb NOT NULL,
        amount numeric(18, 2),
        currency text,
        state text NOT NULL,
        stage_code text,
        started_on date,
        last_step_on date,
        closed_on date,
        summary text,
        cancel_reason text,
        alert_on date,
        alerted jsonb NOT NULL,
        CONSTRAINT pk_projects PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_projects_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_projects_tenant_id_customer_id FOREIGN KEY (tenant_id, customer_id)
            REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT fk_projects_tenant_id_opportunity_id FOREIGN KEY (tenant_id, opportunity_id)
            REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_projects_tenant_id_quote_id FOREIGN KEY (tenant_id, quote_id)
            REFERENCES quotes (tenant_id, id),
        CONSTRAINT fk_projects_tenant_id_contract_id FOREIGN KEY (tenant_id, contract_id)
            REFERENCES contracts (tenant_id, id),
        CONSTRAINT fk_projects_tenant_id_method_id FOREIGN KEY (tenant_id, method_id)
            REFERENCES methods (tenant_id, id),
        CONSTRAINT ck_projects_state CHECK (
            state IN ('draft', 'in_approval', 'approved', 'executing', 'closed', 'cancelled')
        ),
        CONSTRAINT ck_projects_period CHECK (planned_end_on >= planned_start_on),
        CONSTRAINT ck_projects_days CHECK (
            (state IN ('executing', 'closed')) <= (started_on IS NOT NULL)
            AND (state IN ('closed', 'cancelled')) = (closed_on IS NOT NULL)
            AND (state = 'cancelled') = (cancel_reason IS NOT NULL)
        ),
        CONSTRAINT ck_projects_summary CHECK (state <> 'closed' OR summary IS NOT NULL),
        CONSTRAINT ck_projects_amount CHECK (num_nulls(amount, currency) IN (0, 2))
    )
"""
LINES = """
    CREATE TABLE project_lines (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        project_id uuid NOT NULL,
        line_number integer NOT NULL,
        product_id uuid NOT NULL,
        product_name text NOT NULL,
        quantity numeric NOT NULL,
        delivered numeric NOT NULL,
        given_up numeric NOT NULL,
        give_up_reason text,
        CONSTRAINT pk_project_lines PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_project_lines_tenant_id_project_id_line_number
            UNIQUE (tenant_id, project_id, line_number),
        CONSTRAINT fk_project_lines_tenant_id_project_id FOREIGN KEY (tenant_id, project_id)
            REFERENCES projects (tenant_id, id),
        CONSTRAINT fk_project_lines_tenant_id_product_id FOREIGN KEY (tenant_id, product_id)
            REFERENCES products (tenant_id, id),
        CONSTRAINT ck_project_lines_quantities CHECK (
            quantity > 0 AND delivered >= 0 AND given_up >= 0 AND delivered + given_up <= quantity
        ),
        CONSTRAINT ck_project_lines_given_up CHECK ((given_up > 0) = (give_up_reason IS NOT NULL))
    )
"""
DELIVERIES = """
    CREATE TABLE project_deliveries (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        project_id uuid NOT NULL,
        contract_id uuid,
        customer_id uuid NOT NULL,
        employee_id uuid,
        delivered_on date NOT NULL,
        receiver text,
        lines jsonb NOT NULL,
        state text NOT NULL,
        reversed_on date,
        reverse_reason text,
        CONSTRAINT pk_project_deliveries PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_project_deliveries_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_project_deliveries_tenant_id_project_id FOREIGN KEY (tenant_id, project_id)
            REFERENCES projects (tenant_id, id),
        CONSTRAINT fk_project_deliveries_tenant_id_customer_id FOREIGN KEY (tenant_id, customer_id)
            REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_project_deliveries_state CHECK (
            state IN ('delivered', 'reversed')
            AND num_nulls(reversed_on, reverse_reason)
                = CASE WHEN state = 'reversed' THEN 0 ELSE 2 END
        ),
        CONSTRAINT ck_project_deliveries_days CHECK (reversed_on >= delivered_on)
    )
"""
SERIALS = """
    CREATE TABLE delivered_serials (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        delivery_id uuid NOT NULL,
        serial_number text NOT NULL,
        CONSTRAINT pk_delivered_serials PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_delivered_serials_tenant_id_serial_number UNIQUE (tenant_id, serial_number),
        CONSTRAINT fk_delivered_serials_tenant_id_delivery_id FOREIGN KEY (tenant_id, delivery_id)
            REFERENCES project_deliveries (tenant_id, id)
    )
"""
INDEXES = (
    "ix_projects_created_at ON projects (tenant_id, created_at, id)",
    "ix_projects_planned_end_on ON projects (tenant_id, planned_end_on, id)",
    "ix_projects_customer ON projects (tenant_id, customer_id, created_at, id)",
    "ix_projects_opportunity ON projects (tenant_id, opportunity_id)",
    "ix_projects_contract ON projects (tenant_id, contract_id)",
    "ix_projects_quote ON projects (tenant_id, quote_id)",
    "ix_projects_owner ON projects (tenant_id, owner_id)",
    "ix_projects_leader ON projects (tenant_id, leader_id)",
    "ix_projects_alert ON projects (tenant_id, alert_on) WHERE alert_on IS NOT NULL",
    "ix_project_lines_product ON project_lines (tenant_id, product_id)",
    "ix_project_deliveries_created_at ON project_deliveries (tenant_id, created_at, id)",
    "ix_project_deliveries_project ON project_deliveries (tenant_id, project_id)",
    "ix_project_deliveries_contract ON project_deliveries (tenant_id, contract_id)",
    "ix_project_deliveries_customer ON project_deliveries (tenant_id, customer_id, created_at, id)",
    "ix_delivered_serials_delivery ON delivered_serials (tenant_id, delivery_id)",
)
FORGETTING = ("projects", "project_lines", "project_deliveries")
MEMBER = f"jsonb_build_object('employee_id', {ME}::text, 'left_on', NULL)"
ASKED = (
    "EXISTS (SELECT FROM approvals a WHERE a.tenant_id = projects.tenant_id "
    f"AND a.document_id = projects.id AND a.waiting_employee_id = {ME})"
)
IN_TEAM = (
    f"projects.leader_id = {ME} OR projects.team @> (SELECT jsonb_build_array({MEMBER})) OR {ASKED}"
)
"""Who leads it, is in its team, or is asked to approve it sees a project."""


def upgrade() -> None:
    for statement in (PROJECTS, LINES, DELIVERIES, SERIALS):
        op.execute(statement)
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")
    for table in ("projects", "project_lines", "project_deliveries"):
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    enable_tenant_security(op, "delivered_serials", rights="SELECT, INSERT, DELETE")
    limit_to_mine(op, "projects", besides=IN_TEAM)
    limit_to_visible(op, "project_lines", projects="project_id")
    limit_to_visible(op, "project_deliveries", projects="project_id")
    limit_to_visible(op, "delivered_serials", project_deliveries="delivery_id")
    forget(op, [one for one in PERSONAL if one.table in FORGETTING])
