"""Keep what customers are like where prices are told (S7; 4 section 6.1)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_kernel.migrations import enable_tenant_security, limit_rows
from kehu_sales.directory.rows import MY_PEOPLE
from kehu_sales.personal import PERSONAL

revision = "2026112924"
down_revision = "2026112922"

TRAITS = """
    CREATE TABLE quotation_traits (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        traits text[] NOT NULL,
        CONSTRAINT pk_quotation_traits PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_quotation_traits_tenant_id_customer_refs FOREIGN KEY (tenant_id, id)
            REFERENCES customer_refs (tenant_id, id)
    )
"""
OF_MY_CUSTOMERS = (
    "EXISTS (SELECT FROM customer_refs c WHERE c.tenant_id = quotation_traits.tenant_id "
    "AND c.id = quotation_traits.id "
    f"AND (c.owner_id IS NULL OR c.owner_id = ANY ({MY_PEOPLE})))"
)
"""Whoever sees the customer's owner."""


def upgrade() -> None:
    op.execute(TRAITS)
    enable_tenant_security(op, "quotation_traits", rights="SELECT, INSERT, UPDATE")
    limit_rows(op, "quotation_traits", OF_MY_CUSTOMERS)
    forget(op, [one for one in PERSONAL if one.table == "quotation_traits"])
