"""Files of competitors, who takes part where, comparison sheets, reasons of closing (S9)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security
from kehu_sales.directory.rows import limit_to_visible
from kehu_sales.personal import PERSONAL

revision = "2026112533"
down_revision = "2026112532"

AGGREGATE = """
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
"""
TABLES = (
    f"""
    CREATE TABLE competitors ({AGGREGATE}
        number text NOT NULL,
        name text NOT NULL,
        website text,
        strengths text,
        weaknesses text,
        strategy text,
        products jsonb NOT NULL,
        sources jsonb NOT NULL,
        state text NOT NULL,
        CONSTRAINT pk_competitors PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_competitors_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_competitors_tenant_id_name UNIQUE (tenant_id, name),
        CONSTRAINT ck_competitors_state CHECK (state IN ('draft', 'in_approval', 'approved'))
    )
    """,
    f"""
    CREATE TABLE opportunity_competitors ({AGGREGATE}
        opportunity_id uuid NOT NULL,
        competitor_id uuid NOT NULL,
        threat text NOT NULL,
        active boolean NOT NULL,
        note text,
        CONSTRAINT pk_opportunity_competitors PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_opportunity_competitors_one
            UNIQUE (tenant_id, opportunity_id, competitor_id),
        CONSTRAINT fk_opportunity_competitors_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_opportunity_competitors_tenant_id_competitor_id
            FOREIGN KEY (tenant_id, competitor_id) REFERENCES competitors (tenant_id, id)
    )
    """,
    f"""
    CREATE TABLE comparison_sheets ({AGGREGATE}
        competitor_id uuid NOT NULL,
        opportunity_id uuid,
        product_id uuid,
        title text NOT NULL,
        criteria jsonb NOT NULL,
        CONSTRAINT pk_comparison_sheets PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_comparison_sheets_tenant_id_competitor_id
            FOREIGN KEY (tenant_id, competitor_id) REFERENCES competitors (tenant_id, id),
        CONSTRAINT fk_comparison_sheets_tenant_id_opportunity_id
            FOREIGN KEY (tenant_id, opportunity_id) REFERENCES opportunities (tenant_id, id),
        CONSTRAINT fk_comparison_sheets_tenant_id_product_id
            FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
        CONSTRAINT ck_comparison_sheets_subject
            CHECK (num_nonnulls(opportunity_id, product_id) = 1)
    )
    """,
    f"""
    CREATE TABLE close_reasons ({AGGREGATE}
        outcome text NOT NULL,
        code text NOT NULL,
        name text NOT NULL,
        name_en text,
        active boolean NOT NULL,
        CONSTRAINT pk_close_reasons PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_close_reasons_tenant_id_outcome_code UNIQUE (tenant_id, outcome, code),
        CONSTRAINT ck_close_reasons_outcome CHECK (outcome IN ('won', 'lost'))
    )
    """,
)
INDEXES = {
    "ix_competitors_created_at": "competitors (tenant_id, created_at, id)",
    "ix_opportunity_competitors_created_at": "opportunity_competitors (tenant_id, created_at, id)",
    "ix_opportunity_competitors_competitor": "opportunity_competitors (tenant_id, competitor_id)",
    "ix_comparison_sheets_created_at": "comparison_sheets (tenant_id, created_at, id)",
    "ix_comparison_sheets_competitor": "comparison_sheets (tenant_id, competitor_id)",
    "ix_comparison_sheets_opportunity": "comparison_sheets (tenant_id, opportunity_id)",
    "ix_close_reasons_created_at": "close_reasons (tenant_id, created_at, id)",
}
ALL = ("competitors", "opportunity_competitors", "comparison_sheets", "close_reasons")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for name, what in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {what}")
    for table in ALL:
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    limit_to_visible(op, "opportunity_competitors", opportunities="opportunity_id")
    about_a_product = "comparison_sheets.opportunity_id IS NULL"
    limit_to_visible(
        op, "comparison_sheets", opportunities="opportunity_id", besides=about_a_product
    )
    forget(op, [one for one in PERSONAL if one.table in ALL])
