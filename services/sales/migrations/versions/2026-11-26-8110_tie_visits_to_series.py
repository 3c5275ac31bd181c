"""Tie visits to their series: only who writes waits, and not for long."""

from alembic import op

revision = "2026112689"
down_revision = "2026112688"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE visits ADD CONSTRAINT fk_visits_tenant_id_series_id "
        "FOREIGN KEY (tenant_id, series_id) REFERENCES visit_series (tenant_id, id) NOT VALID"
    )
