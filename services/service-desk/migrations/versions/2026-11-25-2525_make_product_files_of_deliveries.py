"""Let product files say which delivery made them, and be withdrawn with it (D1)."""

from alembic import op

from kehu_kernel.erasure_schema import forget
from kehu_service_desk.personal import PERSONAL

revision = "2026112525"
down_revision = "2026112451"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE product_files
            ADD COLUMN spare_part boolean,
            ADD COLUMN service_life_until date,
            ADD COLUMN project_id uuid,
            ADD COLUMN contract_id uuid,
            ADD COLUMN delivery_id uuid,
            ADD COLUMN delivery_item integer,
            ADD COLUMN delivery_reversed_on date,
            ADD COLUMN withdrawn_on date,
            ADD COLUMN withdraw_reason text,
            ADD CONSTRAINT ck_product_files_withdrawn CHECK (
                num_nulls(withdrawn_on, withdraw_reason) IN (0, 2)
                AND (withdrawn_on IS NULL OR delivery_reversed_on IS NOT NULL)
            ) NOT VALID
        """
    )
    forget(op, [one for one in PERSONAL if one.table == "product_files"])
