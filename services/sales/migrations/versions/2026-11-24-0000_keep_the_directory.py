"""Keep copies of departments, employees and territories: row scopes and approvals ask them (C4)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112400"
down_revision = "2026112321"

TABLES = {
    "department_refs": "code text NOT NULL, name text NOT NULL, parent_id uuid",
    "employee_refs": (
        "code text NOT NULL, name text NOT NULL, department_id uuid NOT NULL, manager_id uuid, "
        "territory_id uuid, active boolean NOT NULL"
    ),
    "territory_refs": "code text NOT NULL, name text NOT NULL",
}


def upgrade() -> None:
    for table, columns in TABLES.items():
        op.execute(
            f"CREATE TABLE {table} (tenant_id text NOT NULL, id uuid NOT NULL, "
            f"sequence integer NOT NULL, {columns}, "
            f"CONSTRAINT pk_{table} PRIMARY KEY (tenant_id, id))"
        )
        enable_tenant_security(op, table, rights="SELECT")
        let_worker(op, table, rights="SELECT, INSERT, UPDATE")
    op.execute("CREATE INDEX ix_department_refs_parent ON department_refs (tenant_id, parent_id)")
    op.execute(
        "CREATE INDEX ix_employee_refs_department ON employee_refs (tenant_id, department_id)"
    )
