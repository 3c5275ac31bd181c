"""Let serial numbers of withdrawn files be delivered again: another index keeps them unique."""

from alembic import op

revision = "2026112527"
down_revision = "2026112526"


def upgrade() -> None:
    op.execute("ALTER TABLE product_files VALIDATE CONSTRAINT ck_product_files_withdrawn")
    op.execute("ALTER TABLE product_files DROP CONSTRAINT uq_product_files_tenant_id_serial_number")
