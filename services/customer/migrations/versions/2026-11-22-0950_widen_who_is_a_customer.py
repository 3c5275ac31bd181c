"""More roles that a customer may play, the wider circle of the texts (6.2); anonymous ones (C1).

The new checks admit every row there is; the next revision validates them.
"""

from alembic import op

revision = "2026112295"
down_revision = "2026112294"

ROLES = (
    "consumer", "merchant", "wholesaler", "retailer", "intermediary", "distributor", "franchisee",
    "supplier", "partner", "internal", "public_body", "media", "association", "community",
    "competitor",
)  # fmt: skip


def upgrade() -> None:
    op.execute("ALTER TABLE customers DROP CONSTRAINT ck_customers_roles")
    named = ", ".join(f"'{role}'" for role in ROLES)
    op.execute(
        "ALTER TABLE customers ADD CONSTRAINT ck_customers_roles "
        f"CHECK (cardinality(roles) > 0 AND roles <@ ARRAY[{named}]) NOT VALID"
    )
    op.execute("ALTER TABLE customers ADD COLUMN anonymous boolean NOT NULL DEFAULT false")
    op.execute(
        "ALTER TABLE customers ADD CONSTRAINT ck_customers_anonymous "
        "CHECK (NOT anonymous OR owner_id IS NULL) NOT VALID"
    )
