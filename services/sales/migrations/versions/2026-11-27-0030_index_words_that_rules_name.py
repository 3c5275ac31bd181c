"""Index industries and categories, which rules of assignment name, without holding up writers."""

from alembic import op

revision = "2026112703"
down_revision = "2026112702"

INDEXES = {
    "ix_customer_refs_industry": "customer_refs (tenant_id, industry) WHERE industry IS NOT NULL",
    "ix_products_category": "products (tenant_id, category) WHERE category IS NOT NULL",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {what}")
