"""Let serial numbers that came back be delivered again: another index keeps them unique."""

from alembic import op

revision = "2026112527"
down_revision = "2026112526"


def upgrade() -> None:
    op.execute("ALTER TABLE product_files VALIDATE CONSTRAINT ck_product_files_withdrawn")
    op.execute("ALTER TABLE product_files DROP CONSTRAINT uq_product_files_tenant_id_serial_number")
    # By the old name, so that the code of before knows the refusal.
    op.execute(
        "ALTER INDEX ix_product_files_serial_number "
        "RENAME TO uq_product_files_tenant_id_serial_number"
    )
