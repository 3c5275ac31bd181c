"""Look the dealings over without a strong lock, and find customers by the new days (C7)."""

from alembic import op

revision = "2026112553"
down_revision = "2026112552"

DAYS = ("last_complaint_on", "last_lead_on", "last_consent_on", "last_withdrawal_on")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE dealings VALIDATE CONSTRAINT ck_dealings_kind")
        for day in DAYS:
            name = f"ix_customer_behaviour_{day}"
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            on = f"customer_behaviour (tenant_id, {day})"
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}")
