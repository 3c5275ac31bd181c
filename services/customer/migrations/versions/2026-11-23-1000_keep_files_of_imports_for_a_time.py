"""Files of imports are kept for a time only, and a check remembers what earlier rows claim.

A nullable column, an index made beside the work of others in a revision of its own, a new table.
"""

from alembic import op

from kehu_customer.ownership.rows import ME
from kehu_kernel.migrations import enable_tenant_security, let_worker, limit_rows

revision = "2026112340"
down_revision = "2026112330"

CLAIMS = """
    CREATE TABLE import_claims (
        tenant_id text NOT NULL,
        import_id uuid NOT NULL,
        version integer NOT NULL,
        claim bigint NOT NULL,
        number integer NOT NULL,
        CONSTRAINT pk_import_claims PRIMARY KEY (tenant_id, import_id, version, claim),
        CONSTRAINT fk_import_claims_tenant_id_import_id
            FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
    )
"""
OF_MINE = (
    "EXISTS (SELECT FROM imports i WHERE i.tenant_id = import_claims.tenant_id "
    f"AND i.id = import_claims.import_id AND i.employee_id = {ME})"
)


def upgrade() -> None:
    op.execute("ALTER TABLE imports ADD COLUMN file_dropped_at timestamptz")
    op.execute(CLAIMS)
    enable_tenant_security(op, "import_claims", rights="SELECT, INSERT")
    let_worker(op, "import_claims", rights="SELECT, DELETE")
    limit_rows(op, "import_claims", OF_MINE)
