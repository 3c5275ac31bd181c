"""Index what erasing and sealing look for, without holding up writers (C12)."""

from alembic import op

from kehu_kernel import audit_chain, erasure_schema

revision = "2026112451"
down_revision = "2026112450"

INDEXES = (
    *audit_chain.INDEXES,
    *erasure_schema.INDEXES,
    "ix_timeline_entries_subject ON timeline_entries (tenant_id, subject_id)",
    "ix_household_members_customer ON household_members (tenant_id, customer_id)",
    "ix_household_members_contact ON household_members (tenant_id, contact_id)",
    "ix_consents_customer ON consents (tenant_id, customer_id) WHERE customer_id IS NOT NULL",
    "ix_consents_contact ON consents (tenant_id, contact_id) WHERE contact_id IS NOT NULL",
    "ix_data_exports_customer ON data_exports (tenant_id, customer_id) "
    "WHERE customer_id IS NOT NULL",
    "ix_data_exports_contact ON data_exports (tenant_id, contact_id) WHERE contact_id IS NOT NULL",
    "ix_merges_merged ON merges USING gin (merged_ids)",
    "ix_merge_moves_row ON merge_moves (tenant_id, row_id)",
    # Whom a new day concerns: limits of segments in days since then.
    "ix_customers_created_on ON customers (tenant_id, created_on)",
    "ix_customers_promoted_on ON customers (tenant_id, promoted_on) WHERE promoted_on IS NOT NULL",
    "ix_customers_ended_on ON customers (tenant_id, ended_on) WHERE ended_on IS NOT NULL",
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for index in INDEXES:
            # One that was begun and not finished is there, but of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.split()[0]}")
            op.execute(f"CREATE INDEX CONCURRENTLY {index}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_audit_log_chain")
