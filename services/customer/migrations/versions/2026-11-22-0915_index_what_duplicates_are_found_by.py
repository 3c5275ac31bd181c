"""Index what duplicates are found by, and check merged records, without holding up writers."""

from alembic import op

revision = "2026112293"
down_revision = "2026112291"

INDEXES = {
    "ix_customers_merged": (
        "customers (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL"
    ),
    "ix_contact_points_domain": (
        "contact_points (tenant_id, split_part(normalised, '@', 2)) WHERE kind = 'email'"
    ),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
        for constraint in ("fk_customers_tenant_id_merged_into_id", "ck_customers_merged"):
            op.execute(f"ALTER TABLE customers VALIDATE CONSTRAINT {constraint}")
