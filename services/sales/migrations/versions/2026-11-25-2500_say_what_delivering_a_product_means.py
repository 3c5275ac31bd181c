"""Say what a product's delivery means (S11, D1)."""

from alembic import op

revision = "2026112514"
down_revision = "2026112511"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE products
            ADD COLUMN service_enabled boolean NOT NULL DEFAULT true,
            ADD COLUMN creates_product_file boolean NOT NULL DEFAULT false,
            ADD COLUMN spare_part boolean NOT NULL DEFAULT false,
            ADD COLUMN service_life_months integer,
            ADD COLUMN warranty_months integer,
            ADD CONSTRAINT ck_products_months
                CHECK (service_life_months > 0 AND warranty_months > 0) NOT VALID
        """
    )
