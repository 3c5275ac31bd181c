"""Find product files by delivery, project and contract, without holding up writers."""

from alembic import op

revision = "2026112526"
down_revision = "2026112525"

INDEXES = {
    "ix_product_files_serial_number": "UNIQUE INDEX CONCURRENTLY ix_product_files_serial_number "
    "ON product_files (tenant_id, serial_number) "
    "WHERE serial_number IS NOT NULL AND delivery_reversed_on IS NULL",
    "ix_product_files_delivery": "UNIQUE INDEX CONCURRENTLY ix_product_files_delivery "
    "ON product_files (tenant_id, delivery_id, delivery_item) WHERE delivery_id IS NOT NULL",
    "ix_product_files_project": "INDEX CONCURRENTLY ix_product_files_project "
    "ON product_files (tenant_id, project_id) WHERE project_id IS NOT NULL",
    "ix_product_files_contract": "INDEX CONCURRENTLY ix_product_files_contract "
    "ON product_files (tenant_id, contract_id) WHERE contract_id IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE {definition}")
